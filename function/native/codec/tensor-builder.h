// Gathers the elements and the shape of one tensor while its lists are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "signature.h"
#include "tensorflow/c/tf_tensor.h"

namespace celsiusify {

// TensorFlow's own limit on the rank of a tensor (tensorflow/core/framework/tensor_shape.h).
constexpr size_t kMaxRank = 254;

// Elements one after the other. Grown by realloc, which moves large blocks by their pages, not their bytes; what is
// reserved and not yet used takes no memory.
class ElementBuffer {
 public:
  ElementBuffer() = default;
  ElementBuffer(const ElementBuffer&) = delete;
  ElementBuffer& operator=(const ElementBuffer&) = delete;
  ElementBuffer(ElementBuffer&& other) noexcept : data_(other.data_), size_(other.size_), room_(other.room_) {
    other.data_ = nullptr;
    other.size_ = other.room_ = 0;
  }
  ElementBuffer& operator=(ElementBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
    return *this;
  }
  ~ElementBuffer() { std::free(data_); }

  const char* data() const { return data_; }
  size_t size() const { return size_; }

  // Room for one element at least, after those that are kept; up to `*limit` there is more.
  template <class T>
  T* Room(T** limit = nullptr) {
    if (room_ - size_ < sizeof(T)) Grow();
    T* const room = reinterpret_cast<T*>(data_ + size_);
    if (limit != nullptr) *limit = room + (room_ - size_) / sizeof(T);
    return room;
  }
  // Keeps what was written to Room(), up to `to`.
  template <class T>
  void Keep(const T* to) {
    size_ = reinterpret_cast<const char*>(to) - data_;
  }

  void Clear() { size_ = 0; }

  // Gives its memory away, which is to be freed by free(); null where it never had any.
  char* Release() {
    size_ = room_ = 0;
    return std::exchange(data_, nullptr);
  }

  // Gives back what a large body left.
  void Shrink() {
    constexpr size_t kKept = 256 << 10;
    if (room_ <= kKept) return;
    std::free(data_);
    data_ = nullptr;
    size_ = room_ = 0;
  }

 private:
  void Grow() {
    const size_t room = room_ == 0 ? 1024 : room_ * 2;
    void* data = std::realloc(data_, room);
    if (data == nullptr) throw std::bad_alloc();
    data_ = static_cast<char*>(data);
    room_ = room;
  }

  char* data_ = nullptr;
  size_t size_ = 0, room_ = 0;
};

class TensorBuilder {
 public:
  ElementBuffer elements;
  std::vector<int64_t> shape;  // by the lists, so with a complex number's two; -1 for a level not closed yet
  size_t leaf_depth = 0;       // how many lists stand around each element; 0 while that is not known
  bool any_element = false;    // whether it is known

  void Clear() {
    elements.Clear();
    shape.clear();
    leaf_depth = 0;
    any_element = false;
  }

  // Whether no value was read yet, not even an empty list.
  bool IsNew() const { return shape.empty() && !any_element; }

  // False where elements may not stand so deep, given what came before.
  bool TakesElementsAt(size_t depth) {
    if (any_element) return depth == leaf_depth;
    any_element = true;
    leaf_depth = depth;
    return depth >= shape.size();
  }

  // False where no list may stand in lists that many deep.
  bool TakesListsAt(size_t depth) const { return depth < kMaxRank && !(any_element && depth >= leaf_depth); }

  // Closes a list: the `depth`-th from outside, of `count` items. False where its neighbours had others.
  bool Close(size_t depth, size_t count) {
    if (shape.size() < depth) shape.resize(depth, -1);
    int64_t& size = shape[depth - 1];
    if (size == -1) size = static_cast<int64_t>(count);
    // An empty list hides how deep its neighbours would be: elements must stand at the deepest level.
    return size == static_cast<int64_t>(count) && (count > 0 || depth == shape.size());
  }

  // How many items the lists that deep have; 0 while none was closed.
  size_t SizeAt(size_t depth) const {
    return depth > shape.size() || shape[depth - 1] == -1 ? 0 : static_cast<size_t>(shape[depth - 1]);
  }

  // The tensor; null where it should be of complex numbers and the innermost lists are no pairs, or the rows themselves
  // would be one. Strings are read from the body, which ends at `end`. The caller owns it.
  TF_Tensor* Finish(TF_DataType dtype, bool rows, const char* end) const;
};

// A tensor of its own with another's memory, which lives as long as either. The caller owns it.
TF_Tensor* Sharing(const std::shared_ptr<TF_Tensor>& tensor);

// A tensor of strings, all empty. Whoever deletes the tensor last frees them. `bytes`: of all TF_TStrings, at least.
TF_Tensor* AllocateStrings(TF_DataType dtype, const int64_t* dims, int rank, size_t bytes = 0);

}  // namespace celsiusify
