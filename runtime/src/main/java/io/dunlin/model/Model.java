package io.dunlin.model;

import io.dunlin.device.Device;
import io.dunlin.device.HostAccess;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import io.dunlin.nn.ActivationPlan;
import io.dunlin.nn.ActivationPlan.Retention;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.Tensor;
import java.util.List;

/**
 * A language model: its layers and their weights on a device.
 *
 * <p>Weights are shared by all passes. Whoever writes {@link Parameter#value()} says so by {@link #valuesLoaded()}, and
 * an optimizer that keeps the compute copies itself by {@link #valuesUpdated()}.
 */
public final class Model {
    private final ModelConfig config;
    private final Device device;
    private final Stream stream;
    private final Kernels kernels;
    private final HostAccess host;
    private final Precision precision;
    private final ParameterAllocation allocation;
    private final Network network;
    private final List<Parameter> parameters;

    private Model(ModelConfig config, Device device, Precision precision) {
        this.config = config;
        this.device = device;
        this.stream = device.stream("compute");
        this.kernels = stream.kernels();
        this.host = HostAccess.of(device, stream);
        this.precision = precision;
        this.allocation = new ParameterAllocation(device, precision);
        this.network = Network.of(config, device, host, allocation);
        allocation.place();
        this.parameters = List.copyOf(allocation.parameters());
    }

    /** A model whose weights are all zero: {@link #initialise} it, or load values and say {@link #valuesLoaded()}. */
    public static Model create(ModelConfig config, Device device, Precision precision) {
        return new Model(config, device, precision);
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
        return new ModelPass(network, config, plan, kind, flatElements());
    }

    /** Writes initial weights: a function of seed, tensor name and element alone. */
    public void initialise(long seed) {
        Initialiser initialiser = new Initialiser(seed, host);
        allocation.initials().forEach(initialiser::write);
        valuesLoaded();
    }

    /** Says that somebody wrote {@link Parameter#value()}: compute copies and packed weights follow. */
    public void valuesLoaded() {
        for (Parameter parameter : parameters) {
            if (parameter.copy().present()) {
                kernels.copy(parameter.value(), parameter.copy());
            }
        }
        valuesUpdated();
    }

    /** Says that values and compute copies have changed together: packed weights follow. */
    public void valuesUpdated() {
        kernels.weightsChanged();
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

    /** What kernels read of all parameters, as one flat buffer: F32 or BF16 [flat elements]. */
    public Tensor flatCompute() {
        return allocation.computes();
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
