#include "CSignalsBlocked.h"

#include "CLinux.h"

__attribute__((constructor)) static void block_signals_before_main(void) { cox_block_signals(); }
