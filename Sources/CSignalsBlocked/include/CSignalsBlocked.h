// Linking this target blocks all signals before main, and so before any thread exists: a thread made earlier would
// inherit an open mask, and a signal sent to the process could end it there. They are read by signalfd later.
#pragma once
