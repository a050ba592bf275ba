// Which signature a body asks for.
#pragma once

#include <string>
#include <vector>

#include "signature.h"

namespace celsiusify {

// The name that stands at `at`, text that is known to be JSON and ends at `end`; "serving_default" where that is null, no
// string or an empty one.
std::string NameOfSignature(const char* at, const char* end);

// The signature's index, or -1.
int SignatureNamed(const std::vector<Signature>& signatures, const std::string& name);

// The index of the signature that is named at `at` (as for NameOfSignature). False, with the words, where that is no name,
// or one of none that is served; `*found` is -1 where there is none.
bool FindSignature(const std::vector<Signature>& signatures, const char* at, const char* end, int* found,
                   std::string* error);

}  // namespace celsiusify
