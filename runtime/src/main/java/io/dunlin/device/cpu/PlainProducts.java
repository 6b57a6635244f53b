package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** Matrix products as three loops, summed in double. */
final class PlainProducts {
    private PlainProducts() {}

    static void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {
        for (long r = 0; r < y.rows(); r++) {
            for (long n = 0; n < y.columns(); n++) {
                double sum = 0;
                for (long c = 0; c < x.columns(); c++) {
                    sum += (double) Element.get(x, r, c) * Element.get(w, n, c);
                }
                if (bias.present()) {
                    sum += Element.get(bias, n);
                }
                if (residual.present()) {
                    sum += Element.get(residual, r, n);
                }
                Element.set(y, r, n, sum);
            }
        }
    }

    static void linearBackwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {
        for (long r = 0; r < dx.rows(); r++) {
            for (long c = 0; c < dx.columns(); c++) {
                double sum = 0;
                for (long n = 0; n < dy.columns(); n++) {
                    sum += (double) Element.get(dy, r, n) * Element.get(w, n, c);
                }
                Element.accumulate(dx, r, c, sum, beta);
            }
        }
    }

    static void linearBackwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {
        for (long n = 0; n < dw.rows(); n++) {
            for (long c = 0; c < dw.columns(); c++) {
                double sum = 0;
                for (long r = 0; r < dy.rows(); r++) {
                    sum += (double) Element.get(dy, r, n) * Element.get(x, r, c);
                }
                Element.accumulate(dw, n, c, sum, beta);
            }
        }
        if (db.present()) {
            for (long n = 0; n < dy.columns(); n++) {
                double sum = 0;
                for (long r = 0; r < dy.rows(); r++) {
                    sum += Element.get(dy, r, n);
                }
                Element.accumulate(db, n, sum, beta);
            }
        }
    }
}
