package io.dunlin.device.cpu;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/**
 * The specification of every kernel: scalar loops over single elements, sums in double, one rounding at each store.
 *
 * <p>The fast kernels are tested against these, and these against finite differences.
 */
final class PlainKernels implements Kernels {
    @Override
    public void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {
        PlainProducts.linear(x, w, bias, residual, y);
    }

    @Override
    public void linearBackwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {
        PlainProducts.linearBackwardInput(dy, w, dx, beta);
    }

    @Override
    public void linearBackwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {
        PlainProducts.linearBackwardWeight(dy, x, dw, db, beta);
    }

    @Override
    public void attention(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        PlainAttention.forward(shape, q, k, v, out, logSumExp);
    }

    @Override
    public void attentionBackward(
            AttentionShape shape,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor out,
            Tensor logSumExp,
            Tensor dout,
            Tensor dq,
            Tensor dk,
            Tensor dv) {
        PlainAttention.backward(shape, q, k, v, out, logSumExp, new PlainAttention.Gradients(dout, dq, dk, dv));
    }

    @Override
    public void rope(Tensor x, Tensor cosSin, int time, int headWidth, int direction) {
        int half = headWidth / 2;
        for (long r = 0; r < x.rows(); r++) {
            for (long first = 0; first < x.columns(); first += headWidth) {
                for (int i = 0; i < half; i++) {
                    double cos = Element.get(cosSin, r % time, i);
                    double sin = Element.get(cosSin, r % time, half + i) * direction;
                    double a = Element.get(x, r, first + i);
                    double b = Element.get(x, r, first + half + i);
                    Element.set(x, r, first + i, a * cos - b * sin);
                    Element.set(x, r, first + half + i, b * cos + a * sin);
                }
            }
        }
    }

    @Override
    public void layerNorm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Tensor mean, Tensor rstd) {
        PlainNorms.layerNorm(x, gain, bias, epsilon, y, new PlainNorms.Statistics(mean, rstd));
    }

    @Override
    public void layerNormBackward(
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor mean,
            Tensor rstd,
            Tensor dx,
            Tensor dgain,
            Tensor dbias,
            float beta) {
        PlainNorms.Statistics statistics = new PlainNorms.Statistics(mean, rstd);
        PlainNorms.backwardGain(dy, x, statistics, dgain, dbias, beta);
        PlainNorms.backwardInput(dy, x, gain, statistics, dx);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor y, Tensor rstd) {
        PlainNorms.rmsNorm(x, gain, epsilon, y, rstd);
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor gain, Tensor rstd, Tensor dx, Tensor dgain, float beta) {
        PlainNorms.Statistics statistics = new PlainNorms.Statistics(Tensor.NONE, rstd);
        PlainNorms.backwardGain(dy, x, statistics, dgain, Tensor.NONE, beta);
        PlainNorms.backwardInput(dy, x, gain, statistics, dx);
    }

    @Override
    public void gelu(Tensor x, Tensor y) {
        PlainActivations.gelu(x, y);
    }

    @Override
    public void geluBackward(Tensor dy, Tensor x, Tensor dx) {
        PlainActivations.geluBackward(dy, x, dx);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        PlainActivations.swiGlu(gate, up, y);
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        PlainActivations.swiGluBackward(dy, gate, up, dgate, dup);
    }

    @Override
    public void embedding(Tensor tokens, Tensor table, Tensor positions, int time, Tensor y) {
        for (long r = 0; r < y.rows(); r++) {
            for (long c = 0; c < y.columns(); c++) {
                float position = positions.present() ? Element.get(positions, r % time, c) : 0;
                Element.set(y, r, c, Element.get(table, Element.index(tokens, r), c) + position);
            }
        }
    }

    @Override
    public void embeddingBackward(
            Tensor dy,
            Tensor tokens,
            int time,
            Tensor dtable,
            float tableBeta,
            Tensor dpositions,
            float positionsBeta) {
        if (tableBeta == 0) {
            fill(dtable, 0);
        }
        if (dpositions.present() && positionsBeta == 0) {
            fill(dpositions, 0);
        }
        for (long r = 0; r < dy.rows(); r++) {
            for (long c = 0; c < dy.columns(); c++) {
                float gradient = Element.get(dy, r, c);
                Element.accumulate(dtable, Element.index(tokens, r), c, gradient, 1);
                if (dpositions.present()) {
                    Element.accumulate(dpositions, r % time, c, gradient, 1);
                }
            }
        }
    }

    @Override
    public void crossEntropy(Tensor logits, Tensor targets, Tensor losses, float gradientScale) {
        PlainLoss.crossEntropyLoss(logits, targets, losses);
        PlainLoss.crossEntropyGradient(logits, targets, gradientScale);
    }

    @Override
    public void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses) {
        PlainLoss.crossEntropyLoss(logits, targets, losses);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor out) {
        for (long i = 0; i < out.elements(); i++) {
            Element.set(out, i, Element.get(a, i) + Element.get(b, i));
        }
    }

    @Override
    public void fill(Tensor x, float value) {
        for (long i = 0; i < x.elements(); i++) {
            Element.set(x, i, value);
        }
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        for (long i = 0; i < to.elements(); i++) {
            Element.set(to, i, Element.get(from, i));
        }
    }

    @Override
    public double sumOfSquares(Tensor x) {
        double sum = 0;
        for (long i = 0; i < x.elements(); i++) {
            sum += (double) Element.get(x, i) * Element.get(x, i);
        }
        return sum;
    }

    @Override
    public double sum(Tensor x) {
        double sum = 0;
        for (long i = 0; i < x.elements(); i++) {
            sum += Element.get(x, i);
        }
        return sum;
    }

    @Override
    public void adamW(Tensor value, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWStep step) {
        for (long i = 0; i < value.elements(); i++) {
            float g = Element.get(gradient, i) * step.gradientScale();
            float first = step.beta1() * Element.get(m, i) + (1 - step.beta1()) * g;
            float second = step.beta2() * Element.get(v, i) + (1 - step.beta2()) * g * g;
            double direction = first / step.correction1() / (Math.sqrt(second / step.correction2()) + step.epsilon());
            double decayed = Element.get(value, i) * (1 - (double) step.learningRate() * step.weightDecay());
            Element.set(m, i, first);
            Element.set(v, i, second);
            Element.set(value, i, decayed - step.learningRate() * direction);
            if (compute.present()) {
                Element.set(compute, i, Element.get(value, i));
            }
        }
    }
}
