#include "read-lists.h"

#include "elements.h"

namespace celsiusify {
namespace {

// From a list's end to the first item of the list beside it; null where none follows.
const char* NextList(const char* at, const char* end) {
  Scanner in(at, end);
  if (!in.Take(']')) return nullptr;
  in.Space();
  if (!in.Take(',')) return nullptr;
  in.Space();
  if (!in.Take('[')) return nullptr;
  in.Space();
  return in.at;
}

// The elements of one list, the first of which is at `at`, and of those beside it, as long as each has `size` elements
// (0: of no other list). Returns where the last one should be closed, null where an element is none. `*lists` were
// closed before that one, which has `*count`.
template <class T>
const char* ReadElements(const char* at, const char* end, size_t size, ElementBuffer* elements, size_t* lists,
                         size_t* count) {
  T* limit;
  T* to = elements->Room<T>(&limit);
  T* from = to;        // the list's first element,
  size_t earlier = 0;  // after so many that were elsewhere
  *lists = 0;
  for (;;) {
    at = ReadElement(at, end, to);
    if (at == nullptr) return nullptr;
    if (++to == limit) {
      earlier += static_cast<size_t>(to - from);
      elements->Keep(to);
      from = to = elements->Room<T>(&limit);
    }
    if (at == end || *at != ',') {
      Scanner in(at, end);
      in.Space();
      at = in.at;
      if (at == end || *at != ',') {
        *count = earlier + static_cast<size_t>(to - from);
        const char* const next = *count == size ? NextList(at, end) : nullptr;
        if (next == nullptr) {
          elements->Keep(to);
          return at;
        }
        ++*lists;
        earlier = 0;
        from = to;
        at = next;
        continue;
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
    T* const to = builder->elements.Room<T>();
    const char* end = ReadElement(in->at, in->end, to);
    if (end == nullptr) return false;
    builder->elements.Keep(to + 1);
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
      // The lists beside this one are of the same size, once one was closed.
      const size_t size = depth > around + 1 ? builder->SizeAt(depth) : 0;
      size_t lists;
      in->at = ReadElements<T>(in->at, in->end, size, &builder->elements, &lists, &counts[depth]);
      if (in->at == nullptr) return false;
      if (lists > 0) counts[depth - 1] += lists;
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
