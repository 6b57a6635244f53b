package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** Softmax cross-entropy, row by row, sums in double. */
final class PlainLoss {
    private static final int NO_TARGET = -1;

    private PlainLoss() {}

    static void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses) {
        for (long r = 0; r < logits.rows(); r++) {
            int target = Element.index(targets, r);
            Element.set(losses, r, target == NO_TARGET ? 0 : logSumExp(logits, r) - Element.get(logits, r, target));
        }
    }

    /** Writes the gradient over the logits; the losses must have been taken before. */
    static void crossEntropyGradient(Tensor logits, Tensor targets, float gradientScale) {
        for (long r = 0; r < logits.rows(); r++) {
            int target = Element.index(targets, r);
            double logSumExp = logSumExp(logits, r);
            for (long v = 0; v < logits.columns(); v++) {
                double probability = Math.exp(Element.get(logits, r, v) - logSumExp);
                double gradient = (probability - (v == target ? 1 : 0)) * gradientScale;
                Element.set(logits, r, v, target == NO_TARGET ? 0 : gradient);
            }
        }
    }

    private static double logSumExp(Tensor logits, long row) {
        double max = Double.NEGATIVE_INFINITY;
        for (long v = 0; v < logits.columns(); v++) {
            max = Math.max(max, Element.get(logits, row, v));
        }
        double sum = 0;
        for (long v = 0; v < logits.columns(); v++) {
            sum += Math.exp(Element.get(logits, row, v) - max);
        }
        return max + Math.log(sum);
    }
}
