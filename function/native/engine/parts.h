// One call's rows on several threads.
#pragma once

#include "call.h"

namespace celsiusify {

// Runs a call in so many parts of about as many rows, and lays their outputs end to end: some in the calling thread, others
// in those of `helpers` that have time; none of these is waited for before it has begun. It is for row-wise signatures alone.
// False where it cannot be, or went wrong: then nothing is known of the call, which is to be run whole, since that says
// what is wrong with it.
// longest: what the longest part took, in ns.
bool RunInParts(Call* call, int parts, Helpers* helpers, double* longest);

}  // namespace celsiusify
