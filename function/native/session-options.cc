#include "session-options.h"

#include "wire.h"

namespace celsiusify {
namespace {

constexpr uint64_t kOn = 1, kOff = 2;

// The graph optimiser's steps, in their usual order but for the first "dependency": it takes out what stands between a
// constant and its users, each of which would otherwise get a copy from "constfold". Left out are steps that are off by
// default, or move data for other devices.
constexpr const char* kSteps[] = {"function", "dependency", "common_subgraph_elimination", "constfold", "shape",
                                  "arithmetic", "remap", "loop", "dependency"};
constexpr const char* kMixedPrecision = "auto_mixed_precision_onednn_bfloat16";

// tensorflow.RewriterConfig (rewriter_config.proto)
std::string RewriterConfig(const SessionSettings& settings) {
  std::string config;
  wire::AppendVarintField(&config, 28, settings.winograd ? kOn : kOff);  // use_plugin_optimizers
  if (settings.bfloat16) wire::AppendVarintField(&config, 31, kOn);  // auto_mixed_precision_onednn_bfloat16
  if (!settings.frozen) return config;
  wire::AppendVarintField(&config, 32, kOn);  // disable_tfg_optimizer: one more copy, for nothing that is on
  for (const char* step : kSteps) {
    if (settings.bfloat16 && std::string(step) == "remap") wire::AppendBytes(&config, 100, kMixedPrecision);
    wire::AppendBytes(&config, 100, step);  // optimizers
  }
  return config;
}

}  // namespace

std::string SessionConfig(const SessionSettings& settings) {
  std::string config, experimental, graph;
  wire::AppendInt32Field(&config, 2, settings.intra_op);  // intra_op_parallelism_threads
  wire::AppendInt32Field(&config, 5, settings.inter_op);  // inter_op_parallelism_threads
  wire::AppendVarintField(&config, 7, kOn);  // allow_soft_placement: what was exported for a GPU runs here, too
  if (settings.in_order && settings.inter_op == -1)
    wire::AppendBytes(&experimental, 3, "SINGLE_THREADED_EXECUTOR");  // executor_type
  if (settings.frozen) {
    wire::AppendVarintField(&experimental, 12, kOn);  // optimize_for_static_graph: it is never extended
    wire::AppendVarintField(&experimental, 14, kOn);  // disable_output_partition_graphs
  }
  const std::string rewriter = RewriterConfig(settings);
  if (!rewriter.empty()) wire::AppendBytes(&graph, 10, rewriter);        // rewrite_options
  if (!graph.empty()) wire::AppendBytes(&config, 10, graph);             // graph_options
  if (!experimental.empty()) wire::AppendBytes(&config, 16, experimental);
  return config;
}

TF_SessionOptions* NewSessionOptions(const SessionSettings& settings) {
  TF_SessionOptions* options = TF_NewSessionOptions();
  const std::string config = SessionConfig(settings);
  TF_Status* status = TF_NewStatus();
  TF_SetConfig(options, config.data(), config.size(), status);
  TF_DeleteStatus(status);
  return options;
}

}  // namespace celsiusify
