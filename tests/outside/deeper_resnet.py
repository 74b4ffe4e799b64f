"""Makes a deeper residual network from a trained one: python deeper_resnet.py IN.onnx OUT.onnx [TIMES].

Each block x -> relu(x + F(x)) whose shortcut is the identity becomes TIMES (2) blocks x -> relu(x + F(x)/TIMES), the same
differential equation in smaller steps: the 5 + 5 + 5 blocks of a ResNet-32 become 10 + 9 + 9, those of a ResNet-58, with no training.
TIMES is a power of two, so that the weights stay exact. Needs onnx and numpy.
"""

import sys

import onnx
from onnx import numpy_helper


def main(source, target, times=2):
    assert times > 0 and times & (times - 1) == 0, "TIMES is a power of two"
    model = onnx.load(source)
    graph = model.graph
    made = {output: node for node in graph.node for output in node.output}
    weights = {w.name: w for w in graph.initializer}
    nodes, renamed, blocks = [], {}, 0

    def scaled(name):
        new = f"{name}_over_{times}"
        if new not in weights:
            array = numpy_helper.to_array(weights[name])
            weights[new] = numpy_helper.from_array(array / array.dtype.type(times), new)
            graph.initializer.append(weights[new])
        return new

    def branch(add):
        """conv1, relu, conv2 and the shortcut's name, where the block is one of identity."""
        for conv2, other in (add.input, reversed(add.input)):
            second = made.get(conv2)
            if second is None or second.op_type != "Conv":
                continue
            relu = made.get(second.input[0])
            first = made.get(relu.input[0]) if relu is not None and relu.op_type == "Relu" else None
            if first is not None and first.op_type == "Conv" and first.input[0] == other:
                return first, relu, second, other
        return None

    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        nodes.append(node)
        # The ReLU that ends a block.
        add = made.get(node.input[0]) if node.op_type == "Relu" else None
        found = branch(add) if add is not None and add.op_type == "Add" else None
        if found is None:
            continue
        first, relu, second, _ = found
        second.input[1], second.input[2] = scaled(second.input[1]), scaled(second.input[2])
        blocks += 1
        last = node.output[0]
        for k in range(1, times):
            def copy(old, inputs):
                new = onnx.NodeProto()
                new.CopyFrom(old)
                new.name = f"{old.name}/again{k}"
                new.input[:] = inputs
                new.output[:] = [f"{old.output[0]}/again{k}"]
                nodes.append(new)
                return new.output[0]
            one = copy(first, [last, *first.input[1:]])
            two = copy(second, [copy(relu, [one]), *second.input[1:]])
            last = copy(node, [copy(add, [two, last])])
        renamed[node.output[0]] = last
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [w for w in graph.initializer if w.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, target)
    relus = sum(node.op_type == "Relu" for node in nodes)
    print(f"{blocks} blocks became {blocks * times}; {relus} activations")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:4]))
