// The two ways to read what stands under `instances` or `inputs`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "body.h"
#include "decode.h"
#include "scanner.h"
#include "signature.h"

namespace celsiusify {

// Whether the one object that stands for a value is here: {"b64": "…"}.
bool IsBase64Object(const char* at, const char* end);

// Which of the fields has this key, still escaped; `guess` is looked at first. As many as there are fields: none.
size_t FieldOf(const std::vector<Field>& fields, std::string_view key, size_t guess);

// In one pass into the builders, as long as nothing is wrong with it. False, `in` anywhere, for what only ReadInstances
// and ReadInputs can read, or say what is wrong with.
bool ReadFast(const Signature& signature, bool rows, Scanner* in, Builders* builders);

// Out of text that is known to be JSON and ends at `end`, with the words for what is wrong with it. On false there may
// be some tensors in `out`.
bool ReadInstances(const char* at, const char* end, const Signature& signature, Builders* builders, Decoded* out,
                   std::string* error);
bool ReadInputs(const char* at, const char* end, const Signature& signature, Builders* builders, Decoded* out,
                std::string* error);

}  // namespace celsiusify
