#pragma once

#include "CShimProtocol.h"

// The socket to the supervisor. Its end of file means that the supervisor is gone.
extern int control;

// Tells the supervisor, which reads all the time. When it is gone there is nobody to tell.
void tell(struct cox_shim_report report);
