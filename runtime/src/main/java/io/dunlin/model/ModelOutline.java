package io.dunlin.model;

import io.dunlin.device.HostAccess;
import io.dunlin.device.Stream;
import io.dunlin.nn.ActivationPlan;
import io.dunlin.nn.ActivationPlan.Retention;
import io.dunlin.nn.Block;
import java.util.ArrayList;
import java.util.List;

/**
 * What can be said of a model without any of its memory: the sizes of its units in the flat buffers, and how much a pass
 * needs. The layers themselves are asked, so that a plan and a run cannot differ.
 *
 * @param config the dimensions
 * @param units elements of the embedding, of each block and of the head, with the padding between parameters: what is
 *     gathered at a time where weights are spread over ranks
 */
public record ModelOutline(ModelConfig config, List<Long> units) {
    /** Copies the list. */
    public ModelOutline {
        units = List.copyOf(units);
    }

    /** The outline of a model of these dimensions. */
    public static ModelOutline of(ModelConfig config) {
        ParameterAllocation allocation = new ParameterAllocation(new AbsentDevice(), Precision.F32);
        Network network = network(config, new AbsentDevice(), allocation);
        List<Long> bounds = new ArrayList<>(List.of(0L));
        network.blocks().stream().map(Block::flatOffset).forEach(bounds::add);
        bounds.add(network.head().flatOffset());
        bounds.add(allocation.flatElements());
        List<Long> units = new ArrayList<>();
        for (int i = 1; i < bounds.size(); i++) {
            units.add(bounds.get(i) - bounds.get(i - 1));
        }
        return new ModelOutline(config, units);
    }

    private static Network network(ModelConfig config, AbsentDevice device, ParameterAllocation allocation) {
        return Network.of(config, device, HostAccess.of(device, device.stream("compute")), allocation);
    }

    /** Elements of all units. */
    public long flatElements() {
        return units.stream().mapToLong(Long::longValue).sum();
    }

    /** Elements of the largest unit. */
    public long largestUnit() {
        return units.stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /**
     * What a training pass allocates for activations.
     *
     * @param batch sequences of a micro-batch
     * @param time positions of each
     */
    public long activationBytes(Precision precision, int batch, int time, Recompute recompute) {
        AbsentDevice device = new AbsentDevice();
        Stream stream = device.stream("compute");
        ParameterAllocation allocation = new ParameterAllocation(device, precision);
        Network network = network(config, device, allocation);
        allocation.place();
        Retention retention = recompute == Recompute.LAYER ? Retention.RECOMPUTE : Retention.KEEP;
        ActivationPlan plan = new ActivationPlan(device, stream, precision.activations(), batch, time, retention);
        return new ModelPass(network, config, plan, PassKind.TRAIN, allocation.flatElements()).activationBytes();
    }
}
