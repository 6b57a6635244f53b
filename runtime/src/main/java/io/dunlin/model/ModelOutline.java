package io.dunlin.model;

import io.dunlin.device.HostAccess;
import io.dunlin.device.Stream;
import io.dunlin.model.ModelPass.Layers;
import io.dunlin.nn.ActivationPlan;
import io.dunlin.nn.ActivationPlan.Retention;
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
        AbsentDevice device = new AbsentDevice();
        Layers layers = layers(config, device, device.stream("compute"), Precision.F32);
        return new ModelOutline(
                config, layers.units().stream().map(Unit::length).toList());
    }

    private static Layers layers(ModelConfig config, AbsentDevice device, Stream stream, Precision precision) {
        HostAccess host = HostAccess.of(device, stream);
        ParameterAllocation allocation = new ParameterAllocation();
        Network network = Network.of(config, device, host, allocation);
        List<Unit> units = network.units(allocation.parameters(), allocation.flatElements());
        WeightStore weights = WholeWeights.open(new WeightStore.Needs(device, stream, host, precision, units));
        return new Layers(network, units, weights, config);
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
        Retention retention = recompute == Recompute.LAYER ? Retention.RECOMPUTE : Retention.KEEP;
        ActivationPlan plan = new ActivationPlan(device, stream, precision.activations(), batch, time, retention);
        return new ModelPass(layers(config, device, stream, precision), plan, PassKind.TRAIN).activationBytes();
    }
}
