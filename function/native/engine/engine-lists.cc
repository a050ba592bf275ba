// Requests of Open Inference V2: their lists of elements apart from the JSON around them.
#include <memory>
#include <new>
#include <utility>

#include "../codec/lists.h"
#include "engine.h"

namespace celsiusify {
namespace {

// What ReadDataLists gave, and whether that was all.
struct ListsOf {
  Lists lists;
  ListsRead read = ListsRead::kOther;
  Failure failure{TF_INVALID_ARGUMENT, {}};

  void Read(const js::Bytes& body) {
    try {
      read = ReadDataLists(body.data, body.size, &lists, &failure.message);
    } catch (const std::bad_alloc&) {
      read = ListsRead::kNoJson;
      failure = {TF_RESOURCE_EXHAUSTED, "there is not enough memory for this request"};
    }
  }

  // `{ around: Buffer, lists: Buffer[] }`, or undefined.
  napi_value Value(napi_env env) {
    if (read != ListsRead::kRead) return js::Undefined(env);
    napi_value object, array;
    napi_create_object(env, &object);
    napi_create_array_with_length(env, lists.elements.size(), &array);
    for (size_t i = 0; i < lists.elements.size(); ++i) {
      const size_t size = lists.elements[i].size();
      napi_set_element(env, array, static_cast<uint32_t>(i), js::Buffer(env, lists.elements[i].Release(), size));
    }
    napi_set_named_property(env, object, "around", js::Buffer(env, std::move(lists.around)));
    napi_set_named_property(env, object, "lists", array);
    return object;
  }
};

}  // namespace

napi_value Engine::ReadLists(napi_callback_info info) {
  const js::Arguments<1> arguments(env_, info);
  ListsOf lists;
  lists.Read(js::Bytes(env_, arguments[0]));
  return lists.Value(env_);
}

napi_value Engine::ReadListsLater(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  auto lists = std::make_shared<ListsOf>();
  tasks_.Read(
      js::Uint32(env_, arguments[0]), arguments[1], [lists](const js::Bytes& body) { lists->Read(body); },
      [this, lists]() -> napi_value {
        return lists->read == ListsRead::kNoJson ? js::Error(env_, lists->failure) : lists->Value(env_);
      });
  return nullptr;
}

}  // namespace celsiusify
