#pragma once
// poppler's own headers are C++: CPDFScan includes them. This target says where they lie and what to link.
