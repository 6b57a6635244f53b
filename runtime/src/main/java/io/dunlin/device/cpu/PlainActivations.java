package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** GELU in GPT-2's form and SwiGLU, element by element. */
final class PlainActivations {
    private static final double ROOT_2_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;

    private PlainActivations() {}

    static void gelu(Tensor x, Tensor y) {
        for (long r = 0; r < x.rows(); r++) {
            for (long c = 0; c < x.columns(); c++) {
                double value = Element.get(x, r, c);
                double tanh = Math.tanh(ROOT_2_OVER_PI * (value + CUBIC * value * value * value));
                Element.set(y, r, c, 0.5 * value * (1 + tanh));
            }
        }
    }

    static void geluBackward(Tensor dy, Tensor x, Tensor dx) {
        for (long r = 0; r < x.rows(); r++) {
            for (long c = 0; c < x.columns(); c++) {
                double value = Element.get(x, r, c);
                double tanh = Math.tanh(ROOT_2_OVER_PI * (value + CUBIC * value * value * value));
                double slope = ROOT_2_OVER_PI * (1 + 3 * CUBIC * value * value);
                double derivative = 0.5 * (1 + tanh) + 0.5 * value * (1 - tanh * tanh) * slope;
                Element.set(dx, r, c, Element.get(dy, r, c) * derivative);
            }
        }
    }

    static void swiGlu(Tensor gate, Tensor up, Tensor y) {
        for (long r = 0; r < gate.rows(); r++) {
            for (long c = 0; c < gate.columns(); c++) {
                double g = Element.get(gate, r, c);
                Element.set(y, r, c, g * sigmoid(g) * Element.get(up, r, c));
            }
        }
    }

    static void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        for (long r = 0; r < gate.rows(); r++) {
            for (long c = 0; c < gate.columns(); c++) {
                double gradient = Element.get(dy, r, c);
                double g = Element.get(gate, r, c);
                double u = Element.get(up, r, c);
                double sigmoid = sigmoid(g);
                Element.set(dgate, r, c, gradient * u * sigmoid * (1 + g * (1 - sigmoid)));
                Element.set(dup, r, c, gradient * g * sigmoid);
            }
        }
    }

    private static double sigmoid(double value) {
        return 1 / (1 + Math.exp(-value));
    }
}
