// Rewrites of a graph whose variables have become constants, before TensorFlow's own optimiser gets it: what that does
// not do, or what keeps it from doing more.
//
// A pass sees one body at a time: the graph, or the body of a function that is called. It may add nodes, change what they do and
// take, and drop those that nothing needs any more, as long as the answers of all runs stay the same, but for the
// rounding of float32. It may not:
// - rename or drop an endpoint (Body::IsEndpoint), nor have another output of it; nor read past one, which may be fed;
// - change a function's name, arguments, or how many outputs it has and of which types;
// - touch a node with control inputs ("^node") in a way that something no longer waits;
// - rely on values that callers choose, such as the number of rows; static shapes that are known (Body::ShapeOf) are true in each run.
// In a function a tensor's name has the name of the operation's output in it: where a node gets another operation, whoever takes
// it needs the new one (Body::Replace with Body::Output).
// Constants that a pass computes from others are computed once: by TensorFlow, when the session is made.
#pragma once

#include "body.h"

namespace celsiusify {

// All of them, in their order.
void RunPasses(Body* body);

// Padding with zeros before a convolution becomes the convolution's own (padding.cc).
void PadInConvolutions(Body* body);
// What follows a convolution channel by channel becomes part of its weights and one bias (channels.cc).
void FoldIntoConvolutions(Body* body);

}  // namespace celsiusify
