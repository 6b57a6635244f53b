package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** Layer norm and RMS norm, row by row, sums in double. */
final class PlainNorms {
    private PlainNorms() {}

    static void layerNorm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Statistics statistics) {
        long width = x.columns();
        for (long r = 0; r < x.rows(); r++) {
            double mean = 0;
            for (long c = 0; c < width; c++) {
                mean += Element.get(x, r, c);
            }
            mean /= width;
            double variance = 0;
            for (long c = 0; c < width; c++) {
                double centred = Element.get(x, r, c) - mean;
                variance += centred * centred;
            }
            double rstd = 1 / Math.sqrt(variance / width + epsilon);
            Element.set(statistics.mean, r, mean);
            Element.set(statistics.rstd, r, rstd);
            for (long c = 0; c < width; c++) {
                double normal = (Element.get(x, r, c) - mean) * rstd;
                Element.set(y, r, c, normal * Element.get(gain, c) + Element.get(bias, c));
            }
        }
    }

    /** The kept statistics of each row; mean is {@link Tensor#NONE} for RMS norm. */
    record Statistics(Tensor mean, Tensor rstd) {
        double mean(long row) {
            return mean.present() ? Element.get(mean, row) : 0;
        }
    }

    static void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor y, Tensor rstd) {
        long width = x.columns();
        for (long r = 0; r < x.rows(); r++) {
            double squares = 0;
            for (long c = 0; c < width; c++) {
                squares += (double) Element.get(x, r, c) * Element.get(x, r, c);
            }
            double scale = 1 / Math.sqrt(squares / width + epsilon);
            Element.set(rstd, r, scale);
            for (long c = 0; c < width; c++) {
                Element.set(y, r, c, Element.get(x, r, c) * scale * Element.get(gain, c));
            }
        }
    }

    /**
     * dx += rstd * (g - mean(g) - normal * mean(g * normal)) with g = dy * gain and normal = (x - mean) * rstd; RMS norm
     * has no mean to subtract, so the term mean(g) is absent.
     */
    static void backwardInput(Tensor dy, Tensor x, Tensor gain, Statistics statistics, Tensor dx) {
        long width = x.columns();
        for (long r = 0; r < x.rows(); r++) {
            double mean = statistics.mean(r);
            double rstd = Element.get(statistics.rstd, r);
            double meanOfG = 0;
            double meanOfGNormal = 0;
            for (long c = 0; c < width; c++) {
                double g = (double) Element.get(dy, r, c) * Element.get(gain, c);
                meanOfG += g;
                meanOfGNormal += g * (Element.get(x, r, c) - mean) * rstd;
            }
            meanOfG = statistics.mean.present() ? meanOfG / width : 0;
            meanOfGNormal /= width;
            for (long c = 0; c < width; c++) {
                double g = (double) Element.get(dy, r, c) * Element.get(gain, c);
                double normal = (Element.get(x, r, c) - mean) * rstd;
                Element.accumulate(dx, r, c, rstd * (g - meanOfG - normal * meanOfGNormal), 1);
            }
        }
    }

    /** dgain = sum over rows of dy * normal, and dbias (where present) = sum over rows of dy. */
    static void backwardGain(Tensor dy, Tensor x, Statistics statistics, Tensor dgain, Tensor dbias, float beta) {
        for (long c = 0; c < x.columns(); c++) {
            double sumGain = 0;
            double sumBias = 0;
            for (long r = 0; r < x.rows(); r++) {
                double gradient = Element.get(dy, r, c);
                sumGain += gradient * (Element.get(x, r, c) - statistics.mean(r)) * Element.get(statistics.rstd, r);
                sumBias += gradient;
            }
            Element.accumulate(dgain, c, sumGain, beta);
            if (dbias.present()) {
                Element.accumulate(dbias, c, sumBias, beta);
            }
        }
    }
}
