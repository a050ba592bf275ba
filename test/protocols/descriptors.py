"""Prints the descriptors that packages' *_pb2.py files hold, as JSON: file name to base64 of its FileDescriptorProto.

The files are read, not imported: their packages would want one version of protobuf each.
usage: python descriptors.py FOLDER...
"""

import ast
import base64
import json
import pathlib
import sys


def serialized(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
            yield ast.literal_eval(node.args[0])


def name_of(descriptor):
    # FileDescriptorProto.name is field 1 and comes first: tag, length (one byte up to 127), text
    length = descriptor[1]
    return descriptor[2 : 2 + length].decode()


found = {}
for folder in sys.argv[1:]:
    for path in sorted(pathlib.Path(folder).rglob("*_pb2.py")):
        for descriptor in serialized(path):
            found.setdefault(name_of(descriptor), base64.b64encode(descriptor).decode())
print(json.dumps(found))
