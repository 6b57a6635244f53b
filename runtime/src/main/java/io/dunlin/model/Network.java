package io.dunlin.model;

import io.dunlin.device.Device;
import io.dunlin.device.HostAccess;
import io.dunlin.nn.Block;
import io.dunlin.nn.Embedding;
import io.dunlin.nn.Head;
import io.dunlin.nn.Parameter;
import io.dunlin.nn.ParameterSource;
import java.util.ArrayList;
import java.util.List;

/** The layers of a model, in forward order. */
record Network(Embedding embedding, List<Block> blocks, Head head) {
    /** Deviation of initial weights, as GPT-2 was trained (Radford et al., 2019). */
    static final double DEVIATION = 0.02;

    /** Composes the layers of a family. */
    static Network of(ModelConfig config, Device device, HostAccess host, ParameterSource parameters) {
        return switch (config.family()) {
            case GPT -> GptNetwork.compose(config, parameters);
            case LLAMA -> LlamaNetwork.compose(config, device, host, parameters);
        };
    }

    /** What is needed at a time. */
    List<Unit> units(List<Parameter> parameters, long flatElements) {
        List<Long> offsets = new ArrayList<>(List.of(0L));
        blocks.forEach(block -> offsets.add(block.flatOffset()));
        offsets.add(head.flatOffset());
        offsets.add(flatElements);
        List<Unit> units = new ArrayList<>();
        for (int number = 0; number + 1 < offsets.size(); number++) {
            long begin = offsets.get(number);
            long end = offsets.get(number + 1);
            List<Parameter> inside = parameters.stream()
                    .filter(one -> one.flatOffset() >= begin && one.flatOffset() < end)
                    .toList();
            units.add(new Unit(number, begin, end - begin, inside));
        }
        return List.copyOf(units);
    }

    /**
     * Deviation of the weights that end a branch: every one of the 2 * layers branches adds to the stream, and this keeps
     * the variance of their sum.
     */
    static double branchEndDeviation(int layers) {
        return DEVIATION / Math.sqrt(2.0 * layers);
    }
}
