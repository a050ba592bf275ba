#include "read-lists.h"

#include "elements.h"

namespace celsiusify {
namespace {

// The elements of one list, the first of which is at `at`, up to what is no comma. Null where one of them is none.
template <class T>
const char* ReadElements(const char* at, const char* end, ElementBuffer* elements, size_t* count) {
  for (size_t n = 1;; ++n) {
    at = ReadElement(at, end, elements->Room<T>());
    if (at == nullptr) return nullptr;
    elements->Keep<T>();
    if (at == end || *at != ',') {
      Scanner in(at, end);
      in.Space();
      at = in.at;
      if (at == end || *at != ',') {
        *count = n;
        return at;
      }
    }
    ++at;
    if (at != end && *at <= ' ') {
      Scanner in(at, end);
      in.Space();
      at = in.at;
    }
  }
}

template <class T>
bool ReadListsOf(Scanner* in, size_t around, TensorBuilder* builder) {
  if (!in->Sees('[')) {
    if (!builder->TakesElementsAt(around)) return false;
    const char* end = ReadElement(in->at, in->end, builder->elements.Room<T>());
    if (end == nullptr) return false;
    builder->elements.Keep<T>();
    in->at = end;
    return true;
  }
  size_t counts[kMaxRank + 1];  // items so far, of each open list
  size_t depth = around;
  for (;;) {
    // At a list's first item, or at the next one: lists are opened down to the first that is empty or has elements.
    while (in->Take('[')) {
      if (!builder->TakesListsAt(depth)) return false;
      counts[++depth] = 0;
      in->Space();
    }
    if (!(in->Sees(']') && counts[depth] == 0)) {
      if (counts[depth] != 0 || !builder->TakesElementsAt(depth)) return false;
      in->at = ReadElements<T>(in->at, in->end, &builder->elements, &counts[depth]);
      if (in->at == nullptr) return false;
    }
    // Lists are closed up to the first that goes on.
    do {
      if (!in->Take(']') || !builder->Close(depth, counts[depth])) return false;
      if (--depth == around) return true;
      ++counts[depth];
      in->Space();
    } while (in->Sees(']'));
    if (!in->Take(',')) return false;
    in->Space();
    if (!in->Sees('[')) return false;
  }
}

}  // namespace

bool ReadLists(Scanner* in, TF_DataType dtype, size_t around, TensorBuilder* builder) {
  return WithElement(dtype, [=](auto element) { return ReadListsOf<decltype(element)>(in, around, builder); });
}

}  // namespace celsiusify
