package io.dunlin.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.util.List;

/** Attention with NaN at one position: both passes give NaN where the plain kernels give it, and nowhere else. */
final class UnseenNans {
    private static final int HEADS = 2;
    private static final int WIDTH = 16;

    private final Trial trial;
    private final AttentionShape shape;
    private final DType type;
    /** q, k, v and dout; two heads of queries share one of keys. */
    private final List<Tensor> inputs;

    UnseenNans(Trial trial, DType type, int time) {
        this.trial = trial;
        this.type = type;
        this.shape = new AttentionShape(1, time, HEADS, 1, WIDTH);
        this.inputs = List.of(
                trial.input(type, time, HEADS * WIDTH),
                trial.input(type, time, WIDTH),
                trial.input(type, time, WIDTH),
                trial.input(type, time, HEADS * WIDTH));
    }

    /** With NaN in each input in turn. */
    void require(Kernels expected, Kernels actual, int position) {
        for (int input = 0; input < inputs.size(); input++) {
            Tensor poisoned = inputs.get(input);
            float before = Element.get(poisoned, position, 3);
            Element.set(poisoned, position, 3, Double.NaN);
            compare(results(expected), results(actual), input);
            Element.set(poisoned, position, 3, before);
        }
    }

    private static void compare(List<Tensor> expected, List<Tensor> actual, int input) {
        for (int i = 0; i < expected.size(); i++) {
            for (long e = 0; e < expected.get(i).elements(); e++) {
                assertThat(Float.isNaN(Element.get(actual.get(i), e)))
                        .as("NaN in input %d: element %d of result %d is NaN", input, e, i)
                        .isEqualTo(Float.isNaN(Element.get(expected.get(i), e)));
            }
        }
    }

    /** out, dq, dk and dv. */
    private List<Tensor> results(Kernels kernels) {
        Tensor q = inputs.get(0);
        Tensor k = inputs.get(1);
        Tensor v = inputs.get(2);
        Tensor out = trial.result(type, shape.time(), HEADS * WIDTH);
        Tensor logSumExp = trial.result(DType.F32, HEADS, shape.time());
        Tensor dq = trial.result(type, shape.time(), HEADS * WIDTH);
        Tensor dk = trial.result(type, shape.time(), WIDTH);
        Tensor dv = trial.result(type, shape.time(), WIDTH);
        kernels.attention(shape, q, k, v, out, logSumExp);
        kernels.attentionBackward(shape, q, k, v, out, logSumExp, inputs.get(3), dq, dk, dv);
        return List.of(out, dq, dk, dv);
    }
}
