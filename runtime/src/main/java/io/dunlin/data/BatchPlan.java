package io.dunlin.data;

import java.util.ArrayList;
import java.util.List;

/**
 * How many samples an optimizer step takes and how they are cut into micro-batches.
 *
 * <p>What is learnt depends on the samples of a step alone. The micro-batch decides memory and speed: if it does not
 * divide the samples, the last one is filled up with rows that have nothing to predict. No pair of settings is
 * refused for not dividing.
 *
 * @param context tokens of a sample, T
 * @param microBatch rows of a micro-batch, B: what a pass must be planned with
 * @param samples of a step, over all ranks
 * @param remarks sentences for the user where this is not exactly what was asked for
 */
public record BatchPlan(int context, int microBatch, int samples, List<String> remarks) {
    /** Checks that every number is at least one. */
    public BatchPlan {
        if (context < 1 || microBatch < 1 || samples < 1) {
            throw new IllegalArgumentException(
                    "context %d, micro-batch %d, samples %d".formatted(context, microBatch, samples));
        }
        remarks = List.copyOf(remarks);
    }

    /**
     * The plan nearest to what is asked: samples are {@code tokensPerStep / context} rounded to the nearest, at least
     * one; micro-batches are as many as {@code microBatch} rows need, and of even size.
     *
     * @param context tokens of a sample
     * @param microBatch rows of a micro-batch, at most
     * @param tokensPerStep of all ranks together
     * @throws DataException DUN-613 if a number is below one, or the samples are more than 2^31
     */
    public static BatchPlan of(int context, int microBatch, long tokensPerStep) {
        if (context < 1 || microBatch < 1 || tokensPerStep < 1) {
            throw DataException.badBatch("context %,d, micro_batch %,d and tokens_per_step %,d must each be at least 1"
                    .formatted(context, microBatch, tokensPerStep));
        }
        long samples = tokensPerStep / context + (tokensPerStep % context * 2 >= context ? 1 : 0);
        samples = Math.max(1, samples);
        if (samples > Integer.MAX_VALUE) {
            throw DataException.badBatch("%,d tokens_per_step are %,d samples of %,d tokens, more than 2^31"
                    .formatted(tokensPerStep, samples, context));
        }
        int count = (int) ((samples + microBatch - 1) / microBatch);
        int rows = (int) ((samples + count - 1) / count);
        // 9 samples by 4 become 3 x 3; 10 by 4 stay 3 x 4 with 2 rows to fill.
        BatchPlan plan = new BatchPlan(context, rows, (int) samples, List.of());
        return new BatchPlan(context, rows, (int) samples, plan.remarksFor(microBatch, tokensPerStep));
    }

    /** Micro-batches of a step over all ranks, G. */
    public int microBatches() {
        return (int) (((long) samples + microBatch - 1) / microBatch);
    }

    /** The same rows and context with fewer samples. */
    BatchPlan withSamples(int fewer) {
        return new BatchPlan(context, microBatch, fewer, remarks);
    }

    /** Tokens of a step over all ranks. */
    public long tokensPerStep() {
        return (long) samples * context;
    }

    /** Samples in micro-batch {@code index} of a step: all have {@link #microBatch()} but perhaps the last. */
    public int rowsOf(int index) {
        return (int) Math.min(microBatch, samples - (long) index * microBatch);
    }

    private List<String> remarksFor(int wantedMicroBatch, long wantedTokens) {
        List<String> sentences = new ArrayList<>();
        if (wantedTokens != tokensPerStep()) {
            sentences.add("tokens_per_step %,d is not a multiple of the context %,d: a step takes %,d %s = %,d tokens"
                    .formatted(wantedTokens, context, samples, samples == 1 ? "sample" : "samples", tokensPerStep()));
        }
        int last = rowsOf(microBatches() - 1);
        if (wantedMicroBatch != microBatch || last != microBatch) {
            sentences.add("micro_batch %,d does not divide the %,d %s of a step: %,d x %,d%s"
                    .formatted(
                            wantedMicroBatch,
                            samples,
                            samples == 1 ? "sample" : "samples",
                            microBatches(),
                            microBatch,
                            last == microBatch
                                    ? ""
                                    : ", the last with %,d and %,d empty rows".formatted(last, microBatch - last)));
        }
        return sentences;
    }
}
