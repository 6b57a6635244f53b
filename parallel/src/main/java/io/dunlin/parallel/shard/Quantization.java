package io.dunlin.parallel.shard;

import io.dunlin.collectives.quant.BlockFormat;
import io.dunlin.collectives.quant.ErrorFeedback;
import io.dunlin.collectives.quant.QuantizerSettings;
import io.dunlin.collectives.quant.Rounding;
import io.dunlin.parallel.ParallelException;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.Spread;
import io.dunlin.tensor.DType;
import io.dunlin.train.Accumulation;

/**
 * Which tensors cross between ranks with fewer bits (qwZ and qgZ of ZeRO++, Wang et al., 2023, sections 3.1 and 3.3). All
 * ranks say the same.
 *
 * <p>Bits are 0 for a transfer as if there were no quantisation, or 4, 8 or {@link #EXACT}. What is at rest keeps its
 * type: only messages have fewer bits. All passes compute with what messages said, those of an evaluation too; what is
 * saved is exact.
 *
 * @param weights 0, 8 or {@link #EXACT}: of a unit before it is used; not of a second copy, whose ranks are near
 * @param gradients 0, 4, 8 or {@link #EXACT}: of each micro-batch, and once a step between those that update parts of one
 *     sum
 * @param refresh 0, 8 or {@link #EXACT}: of new weights after the update. Lossy where it is 8: what kernels read is then
 *     no more the rounded master
 * @param coding of a message
 * @param feedback of what gradients lost
 * @param fallback to more bits
 */
public record Quantization(
        int weights, int gradients, int refresh, Coding coding, Feedback feedback, Fallback fallback) {
    /** The exchanges of quantised tensors with messages that lose nothing: what a fall-back ends at, and for comparing. */
    public static final int EXACT = 32;

    /** Nothing is quantised. */
    public static final Quantization NONE = new Quantization(0, 0, 0, Coding.DEFAULT, Feedback.OFF, Fallback.DEFAULT);

    /** As ZeRO++ has it: weights with 8 bits, gradients with 4, new weights as they are. */
    public static final Quantization ZERO_PLUS_PLUS =
            new Quantization(8, 4, 0, Coding.DEFAULT, Feedback.OFF, Fallback.DEFAULT);

    /**
     * How messages are made.
     *
     * @param blockElements elements that share a scale; even
     * @param gradientRounding between levels; weights are rounded to nearest
     * @param seed of stochastic rounding
     */
    public record Coding(int blockElements, Rounding gradientRounding, long seed) {
        /** Blocks of 256, to nearest. */
        public static final Coding DEFAULT = new Coding(QuantizerSettings.BLOCK_ELEMENTS, Rounding.NEAREST_EVEN, 0);

        /** Checks the length. */
        public Coding {
            new BlockFormat(Byte.SIZE, blockElements);
        }
    }

    /**
     * What messages of gradients lost is added to later ones (LoCo, Xie et al., 2024; in ZeRO++ as {@code
     * zeropp_loco_param}). Each rank remembers as many F32 as there are gradients, and a share of that for the second hop:
     * memory that sharding does not make smaller.
     *
     * @param beta how much of what is carried is kept at a time, below 1; 0 carries nothing
     * @param resetSteps after so many steps it is forgotten; 0 for never
     */
    public record Feedback(double beta, int resetSteps) {
        /** Nothing is remembered. */
        public static final Feedback OFF = new Feedback(0, 0);

        /** As LoCo has it. */
        public static final Feedback LOCO = new Feedback(ErrorFeedback.BETA, 1024);

        /** Checks the ranges. */
        public Feedback {
            if (!(beta >= 0 && beta < 1) || resetSteps < 0) {
                throw new IllegalArgumentException("beta %s, reset after %d steps".formatted(beta, resetSteps));
            }
        }

        /** Whether anything is carried. */
        public boolean on() {
            return beta > 0;
        }
    }

    /**
     * When a unit gets more bits: 8 instead of 4, none instead of 8. It does not get fewer again.
     *
     * @param belowDecibels signal to noise, on the worst rank, over the steps since the last decision; 0 for never
     * @param everySteps how often ranks agree on what they measured
     */
    public record Fallback(double belowDecibels, int everySteps) {
        /** INT4 has 17 dB with Gaussians; below 8, noise has a sixth of the power. */
        public static final Fallback DEFAULT = new Fallback(8, 16);

        /** Checks the ranges. */
        public Fallback {
            if (!(belowDecibels >= 0) || everySteps < 1) {
                throw new IllegalArgumentException("below %s dB, every %d steps".formatted(belowDecibels, everySteps));
            }
        }
    }

    /** Checks the bits. */
    public Quantization {
        check("weights", weights, false);
        check("gradients", gradients, true);
        check("refresh", refresh, false);
    }

    private static void check(String what, int bits, boolean mayHaveFour) {
        if (bits != 0 && bits != 8 && bits != EXACT && !(bits == 4 && mayHaveFour)) {
            throw new IllegalArgumentException("%d bits for %s".formatted(bits, what));
        }
    }

    /** The same with other bits. */
    public Quantization bits(int newWeights, int newGradients, int newRefresh) {
        return new Quantization(newWeights, newGradients, newRefresh, coding, feedback, fallback);
    }

    /** The same with other feedback. */
    public Quantization with(Feedback newFeedback) {
        return new Quantization(weights, gradients, refresh, coding, newFeedback, fallback);
    }

    /** The same with another fall-back. */
    public Quantization with(Fallback newFallback) {
        return new Quantization(weights, gradients, refresh, coding, feedback, newFallback);
    }

    /** The same with messages made in another way. */
    public Quantization with(Coding newCoding) {
        return new Quantization(weights, gradients, refresh, newCoding, feedback, fallback);
    }

    /** Whether all transfers are as if there were no quantisation. */
    public boolean none() {
        return weights == 0 && gradients == 0 && refresh == 0;
    }

    /** What these bits are for a transfer that begins with them. */
    int bits(Transfer transfer) {
        return switch (transfer) {
            case WEIGHTS -> weights;
            case GRADIENTS, BOUNDARY -> gradients;
            case REFRESH -> refresh;
        };
    }

    /**
     * Refuses what would have no effect, and what contradicts other settings.
     *
     * @param weightType of what kernels read
     * @throws ParallelException {@code DUN-535}
     */
    public void check(ShardDegrees degrees, Accumulation accumulation, DType weightType) {
        if (feedback.on() && gradients == 0) {
            throw ParallelException.quantization(
                    "what quantised gradients lose is to be carried, but gradients are not quantised",
                    "parallel.zero_quantized_gradients = true, or leave parallel.zeropp_loco_param out");
        }
        if (none()) {
            return;
        }
        if (accumulation == Accumulation.TREE && (lossy(weights) || gradients != 0 || lossy(refresh))) {
            throw ParallelException.quantization(
                    "the deterministic mode gives the same bits on any number of ranks, and quantised tensors do not",
                    "run.deterministic = false, or quantise nothing");
        }
        if (weights != 0 && !gathersWeights(degrees)) {
            throw nothingToDo("weights to be gathered");
        }
        if (gradients != 0 && !scattersGradients(degrees)) {
            throw nothingToDo("parts of gradients to be exchanged");
        }
        if (refresh != 0 && !sendsNewWeights(degrees)) {
            throw nothingToDo("new weights to be sent after an update");
        }
        if (lossy(refresh) && weightType == DType.F32) {
            throw ParallelException.quantization(
                    "new weights that are sent with 8 bits would take the place of the F32 ones that are trained",
                    "train.precision = \"bf16\", which keeps F32 masters, or send new weights as they are");
        }
    }

    /** The same without what ranks with these degrees never send. */
    public Quantization heeding(ShardDegrees degrees) {
        return bits(
                gathersWeights(degrees) ? weights : 0,
                scattersGradients(degrees) ? gradients : 0,
                sendsNewWeights(degrees) ? refresh : 0);
    }

    private static boolean gathersWeights(ShardDegrees degrees) {
        return degrees.weights() != Spread.NONE;
    }

    private static boolean scattersGradients(ShardDegrees degrees) {
        return degrees.gradients() != Spread.NONE || degrees.optimizer() == Spread.CLUSTER;
    }

    private static boolean sendsNewWeights(ShardDegrees degrees) {
        return degrees.weights() != degrees.optimizer();
    }

    private static boolean lossy(int bits) {
        return bits == 4 || bits == 8;
    }

    private static ParallelException nothingToDo(String what) {
        return ParallelException.quantization(
                "quantisation is asked for, but this scheme of sharding has no %s".formatted(what),
                "parallel.shard = \"zero++\", or leave that quantisation out");
    }
}
