"""Write a SavedModel that is one graph and nothing else: no functions, no object graph, no variables.

`tf.saved_model.save` wraps the same few nodes into functions, adds a restore graph, the Python object tree and a
fingerprint with a random UUID. A server needs none of it: the plain graph is smaller, loads faster, and its bytes
are the same on every run with one version of TensorFlow.
"""

from pathlib import Path
from typing import Callable

# {signature name: (inputs by name, outputs by name)}, symbolic tensors of one tf.Graph.
Signatures = dict[str, tuple[dict, dict]]


def write_graph(folder: Path, build: Callable[[], Signatures], tag: str = "serve") -> None:
    """Call `build` in a new graph and write that graph to `folder`/saved_model.pb.

    The graph is inference only. `folder` is made when it is missing; an existing file is replaced.
    Errors: whatever `build` raises, and OSError when the folder cannot be written.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graph = tf.Graph()
    with graph.as_default():
        signatures = build()
        meta_graph = tf.compat.v1.train.export_meta_graph(graph=graph, strip_default_attrs=True)
    meta_graph.meta_info_def.tags.append(tag)
    for name, (inputs, outputs) in signatures.items():
        signature = meta_graph.signature_def[name]
        signature.method_name = "tensorflow/serving/predict"
        for infos, tensors in ((signature.inputs, inputs), (signature.outputs, outputs)):
            for key, tensor in tensors.items():
                if isinstance(tensor, (tf.SparseTensor, tf.RaggedTensor)):
                    with graph.as_default():
                        infos[key].CopyFrom(tf.compat.v1.saved_model.build_tensor_info(tensor))
                    continue
                infos[key].name = tensor.name
                infos[key].dtype = tensor.dtype.as_datatype_enum
                infos[key].tensor_shape.CopyFrom(tensor.shape.as_proto())
    saved = SavedModel(saved_model_schema_version=1, meta_graphs=[meta_graph])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString(deterministic=True))
