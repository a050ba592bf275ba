#include <cstring>
#include <exception>

#include "../pages.h"
#include "freeze.h"
#include "owned.h"

namespace celsiusify {
namespace {

// The session has its own copy of what the graph says of these.
void ForgetConstants(TF_Graph* graph) {
  constexpr size_t kSmall = 1024;
  size_t position = 0;
  const Status status;
  while (TF_Operation* operation = TF_GraphNextOperation(graph, &position)) {
    if (std::strcmp(TF_OperationOpType(operation), "Const") != 0) continue;
    const Owned<TF_Buffer> value(TF_NewBuffer(), TF_DeleteBuffer);
    TF_DataType dtype;
    TF_OperationGetAttrType(operation, "dtype", &dtype, status);
    status.Check(TF_OperationName(operation));
    TF_OperationGetAttrValueProto(operation, "value", value.get(), status);
    status.Check(TF_OperationName(operation));
    if (value->length <= kSmall) continue;
    // AttrValue: a tensor (8) of dtype (1) and of shape (2) with one dimension (2) of size (1) 0
    const char empty[] = {0x42, 0x08, 0x08, static_cast<char>(dtype), 0x12, 0x04, 0x12, 0x02, 0x08, 0x00};
    const Owned<TF_Buffer> forgotten(TF_NewBufferFromString(empty, sizeof empty), TF_DeleteBuffer);
    TF_SetAttr(graph, operation, "value", forgotten.get(), status);
    status.Check(TF_OperationName(operation));
  }
}

}  // namespace

bool Settle(Session* session, const std::vector<Endpoints>& runs, std::string* why_not) {
  try {
    const Status status;
    TF_ExtendSession(session->get(), status);  // and never again, so that the graph may be changed
    status.Check("TensorFlow does not take the graph");
    ForgetConstants(session->graph());
    TrimHeap();  // each step frees copies of all weights, and glibc keeps them where the next one may not look for them
    for (const Endpoints& run : runs) {
      int64_t prepared;
      const Failure failure = session->Prepare(run, &prepared);
      if (failure.code != TF_OK) throw Refusal("TensorFlow cannot prepare a run: " + failure.message);
      TrimHeap();
    }
    session->Finalize();
    return true;
  } catch (const std::exception& error) {
    *why_not = error.what();
    return false;
  }
}

}  // namespace celsiusify
