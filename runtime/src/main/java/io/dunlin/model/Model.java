package io.dunlin.model;

import io.dunlin.device.Device;
import io.dunlin.device.HostAccess;
import io.dunlin.device.Stream;
import io.dunlin.nn.ActivationPlan;
import io.dunlin.nn.ActivationPlan.Retention;
import io.dunlin.nn.Parameter;
import io.dunlin.nn.Trained;
import java.util.List;

/**
 * A language model: its layers and their weights on a device.
 *
 * <p>Weights are shared by all passes. Whoever writes {@link Trained#value()} says so by {@link #valuesLoaded()}, and an
 * optimizer that keeps the compute copies itself by {@link #valuesUpdated()}.
 */
public final class Model {
    private final ModelConfig config;
    private final Device device;
    private final Stream stream;
    private final HostAccess host;
    private final Precision precision;
    private final ParameterAllocation allocation;
    private final Network network;
    private final List<Parameter> parameters;
    private final List<Unit> units;
    private final WeightStore weights;

    private Model(ModelConfig config, Device device, Precision precision, WeightStore.Factory store) {
        this.config = config;
        this.device = device;
        this.stream = device.stream("compute");
        this.host = HostAccess.of(device, stream);
        this.precision = precision;
        this.allocation = new ParameterAllocation();
        this.network = Network.of(config, device, host, allocation);
        this.parameters = List.copyOf(allocation.parameters());
        this.units = network.units(parameters, allocation.flatElements());
        this.weights = store.open(new WeightStore.Needs(device, stream, host, precision, units));
    }

    /** A model whose weights are all zero: {@link #initialise} it, or load values and say {@link #valuesLoaded()}. */
    public static Model create(ModelConfig config, Device device, Precision precision) {
        return create(config, device, precision, WholeWeights::open);
    }

    /** The same, with weights that are where a store puts them. */
    public static Model create(ModelConfig config, Device device, Precision precision, WeightStore.Factory store) {
        return new Model(config, device, precision, store);
    }

    /**
     * Allocates everything that passes over micro-batches of one shape need.
     *
     * @param batch sequences of a micro-batch
     * @param time positions of each; at most the context
     * @throws ModelException if the sequences are longer than the context
     */
    public Pass plan(int batch, int time, Recompute recompute, PassKind kind) {
        if (batch < 1 || time < 1 || time > config.context()) {
            throw ModelException.dimensions(
                    "a pass over %d sequences of %d positions, but the model's context is %d"
                            .formatted(batch, time, config.context()),
                    "Use at least one sequence, of 1 to %d positions.".formatted(config.context()));
        }
        Retention retention =
                switch (kind) {
                    case TRAIN -> recompute == Recompute.LAYER ? Retention.RECOMPUTE : Retention.KEEP;
                    case EVALUATE, GENERATE -> Retention.FORWARD_ONLY;
                };
        ActivationPlan plan = new ActivationPlan(device, stream, precision.activations(), batch, time, retention);
        return new ModelPass(new ModelPass.Layers(network, units, weights, config), plan, kind);
    }

    /** Writes initial weights: a function of seed, tensor name and element alone. */
    public void initialise(long seed) {
        Initialiser initialiser = new Initialiser(seed, host);
        for (Trained trained : weights.owned()) {
            initialiser.write(trained, allocation.initial(trained.slice().name()));
        }
        valuesLoaded();
    }

    /** Says that somebody wrote the values of what is {@link #owned()}, on every rank: compute copies follow. */
    public void valuesLoaded() {
        weights.loaded();
    }

    /** Says that values and compute copies of what is {@link #owned()} have changed together, on every rank. */
    public void valuesUpdated() {
        weights.updated();
    }

    /** What this rank updates, saves and restores: all parameters, or slices of them. */
    public List<? extends Trained> owned() {
        return weights.owned();
    }

    /** All parameters in forward order, which is their order in the flat buffers; a tied weight occurs once. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /**
     * Length of a flat buffer of all parameters: each begins at a multiple of 16 elements, and what lies between is
     * padding.
     */
    public long flatElements() {
        return allocation.flatElements();
    }

    /** Where the weights are. */
    public WeightStore weights() {
        return weights;
    }

    /** What is needed at a time, in forward order. */
    public List<Unit> units() {
        return units;
    }

    /** The dimensions. */
    public ModelConfig config() {
        return config;
    }

    /** What it computes in. */
    public Precision precision() {
        return precision;
    }

    /** What passes run on; whoever reads their results on the device uses the same. */
    public Stream stream() {
        return stream;
    }

    /** Reads and writes values, in order with the passes. */
    public HostAccess host() {
        return host;
    }

    /** Where it computes. */
    public Device device() {
        return device;
    }
}
