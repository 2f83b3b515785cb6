#include "CShimProtocol.h"  // a target needs a source
