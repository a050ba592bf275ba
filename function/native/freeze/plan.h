// What of a SavedModel a frozen one consists of, or why it cannot be frozen.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace celsiusify {

struct Plan {
  // A serialised GraphDef of all but the variables' nodes, whose names stand for their values.
  std::string graph_def;
  std::vector<std::string> variables;
  // To be run once; empty where there is nothing to initialise. With it, what is fed: tensors and the names of assets.
  std::string init_op;
  std::vector<std::pair<std::string, std::string>> assets;
};

// `tensors`: all that are fed or fetched, as "node:index". Throws Refusal, and std::runtime_error where the bytes are no SavedModel.
Plan PlanFreeze(std::string_view saved_model, const std::string& tag, const std::vector<std::string>& tensors);

// The same SavedModel with this GraphDef, and nothing that speaks of variables.
std::string WithGraph(std::string_view saved_model, const std::string& tag, std::string_view graph_def);

}  // namespace celsiusify
