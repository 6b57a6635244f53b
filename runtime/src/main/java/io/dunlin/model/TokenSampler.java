package io.dunlin.model;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Draws a token from what a model predicts.
 *
 * <p>The draw at a position is a function of seed, position and logits alone.
 */
final class TokenSampler {
    private final int vocabulary;
    private final double temperature;
    private final int topK;
    private final Philox random;
    private final float[] logits;
    private final double[] weights;

    /**
     * Draws among the first {@code vocabulary} tokens: a model's may be larger than the tokenizer's.
     *
     * @param vocabulary how many tokens may be drawn
     * @param settings temperature, top-k and seed
     */
    TokenSampler(int vocabulary, TextGenerator.Settings settings) {
        this.vocabulary = vocabulary;
        this.temperature = settings.temperature();
        this.topK = settings.topK();
        this.random = Philox.keyed(settings.seed(), "sample-text", "");
        this.logits = new float[vocabulary];
        this.weights = new double[vocabulary];
    }

    /**
     * The token at {@code position}.
     *
     * @param row [1, V], on the host
     * @throws ModelException DUN-515 if a logit is not a number
     */
    int draw(Tensor row, int position) {
        load(row, position);
        int likeliest = 0;
        for (int token = 1; token < vocabulary; token++) {
            if (logits[token] > logits[likeliest]) {
                likeliest = token;
            }
        }
        if (temperature == 0) {
            return likeliest;
        }
        float least = leastOfTop();
        double sum = 0;
        for (int token = 0; token < vocabulary; token++) {
            double above = (double) logits[token] - logits[likeliest];
            weights[token] = logits[token] >= least ? Math.exp(above / temperature) : 0;
            sum += weights[token];
        }
        double left = random.uniform(0, position) * sum;
        for (int token = 0; token < vocabulary; token++) {
            left -= weights[token];
            if (left < 0) {
                return token;
            }
        }
        return likeliest; // rounding has left a little
    }

    /** The k-th largest logit; tokens as likely as the k-th are drawn too. */
    private float leastOfTop() {
        if (topK == 0 || topK >= vocabulary) {
            return Float.NEGATIVE_INFINITY;
        }
        float[] sorted = logits.clone();
        Arrays.sort(sorted);
        return sorted[vocabulary - topK];
    }

    private void load(Tensor row, int position) {
        MemorySegment from = row.segment();
        boolean narrow = row.dtype() == DType.BF16;
        for (int token = 0; token < vocabulary; token++) {
            float logit = narrow
                    ? Float.intBitsToFloat(from.getAtIndex(ValueLayout.JAVA_SHORT, token) << 16)
                    : from.getAtIndex(ValueLayout.JAVA_FLOAT, token);
            if (!Float.isFinite(logit)) {
                throw ModelException.notNumbers(position);
            }
            logits[token] = logit;
        }
    }
}
