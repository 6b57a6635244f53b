package io.dunlin.optim;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.Device;
import io.dunlin.device.Stream;
import io.dunlin.nn.Trained;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2).
 * Only tensors of two or more dimensions decay.
 */
public final class AdamW implements Optimizer {
    /** Prefix of the names under which first moments are saved. */
    public static final String FIRST_MOMENT = "optimizer.m/";

    /** Prefix of the names under which second moments are saved. */
    public static final String SECOND_MOMENT = "optimizer.v/";

    /**
     * What does not change during a run.
     *
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param epsilon added to the root of the corrected second moment
     * @param weightDecay of tensors that decay, times the learning rate of a step
     */
    public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {
        /** As GPT-3 was trained (Brown et al., 2020). */
        public static final Settings DEFAULT = new Settings(0.9, 0.95, 1e-8, 0.1);

        /** Checks the ranges. */
        public Settings {
            if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
                throw new IllegalArgumentException(
                        "betas " + beta1 + " and " + beta2 + " are not both in 0 to below 1");
            }
            if (!(epsilon > 0 && weightDecay >= 0)) {
                throw new IllegalArgumentException("epsilon " + epsilon + ", weight decay " + weightDecay);
            }
        }
    }

    private record Moments(Tensor m, Tensor v) {}

    private final Map<Trained, Moments> moments = new IdentityHashMap<>();
    private final List<NamedTensor> state = new ArrayList<>();
    private final Stream stream;
    private final Settings settings;
    private long updates;

    /** Allocates both moments of what this rank owns, in F32, zero. */
    public AdamW(List<? extends Trained> owned, Device device, Settings settings) {
        this.stream = device.stream("update");
        this.settings = settings;
        for (Trained trained : owned) {
            Moments both = new Moments(named(FIRST_MOMENT, trained, device), named(SECOND_MOMENT, trained, device));
            moments.put(trained, both);
        }
    }

    private Tensor named(String prefix, Trained trained, Device device) {
        TensorSlice of = trained.slice();
        long lengthBytes = of.length() * DType.F32.bytes();
        Tensor tensor = Tensor.of(DType.F32, trained.value().shape(), device.allocate("optimizer", lengthBytes));
        TensorSlice slice = new TensorSlice(prefix + of.name(), of.shape(), of.offset(), of.length());
        state.add(new NamedTensor(slice, tensor));
        return tensor;
    }

    @Override
    public void update(List<? extends Trained> owned, float learningRate, float gradientScale) {
        updates++;
        AdamWStep decaying = step(learningRate, gradientScale, (float) settings.weightDecay);
        AdamWStep plain = step(learningRate, gradientScale, 0f);
        for (int i = 0; i < owned.size(); i++) {
            Trained trained = owned.get(i);
            Moments both = moments.get(trained);
            if (both == null) {
                throw new IllegalArgumentException(trained + " was not given to this optimizer");
            }
            stream.kernels()
                    .adamW(
                            trained.value(),
                            trained.gradient(),
                            both.m,
                            both.v,
                            trained.copy(),
                            trained.decays() ? decaying : plain);
        }
        stream.synchronize();
    }

    private AdamWStep step(float learningRate, float gradientScale, float weightDecay) {
        return new AdamWStep(
                learningRate,
                (float) settings.beta1,
                (float) settings.beta2,
                (float) settings.epsilon,
                weightDecay,
                (float) (1.0 - StrictMath.pow(settings.beta1, updates)),
                (float) (1.0 - StrictMath.pow(settings.beta2, updates)),
                gradientScale);
    }

    @Override
    public long updates() {
        return updates;
    }

    @Override
    public void restoreUpdates(long count) {
        updates = count;
    }

    @Override
    public Iterable<NamedTensor> state() {
        return state;
    }
}
