package io.dunlin.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdamWTest {
    private static final AdamW.Settings SETTINGS = new AdamW.Settings(0.9, 0.99, 1e-8, 0.5);

    private final Device device = CpuDevice.open(CpuOptions.plain());

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void shouldMoveByTheLearningRateInTheFirstUpdateWhateverTheGradientsSize() {
        Parameter gain = parameter("gain", Shape.of(3), 1f);
        set(gain.gradient(), 1000f, -0.001f, 0f);
        AdamW adamW = new AdamW(List.of(gain), device, SETTINGS);

        adamW.update(List.of(gain), 0.01f, 1f);

        assertThat(gain.value().get(0)).isCloseTo(0.99f, within(1e-6f));
        assertThat(gain.value().get(1)).isCloseTo(1.01f, within(1e-6f));
        assertThat(gain.value().get(2)).isEqualTo(1f);
        assertThat(adamW.updates()).isEqualTo(1);
    }

    @Test
    void shouldDecayMatricesAndLeaveVectorsAlone() {
        Parameter matrix = parameter("matrix", Shape.of(1, 2), 2f);
        Parameter vector = parameter("vector", Shape.of(2), 2f);
        AdamW adamW = new AdamW(List.of(matrix, vector), device, SETTINGS);

        adamW.update(List.of(matrix, vector), 0.1f, 1f);

        assertThat(matrix.value().get(0)).isCloseTo(2f * (1 - 0.1f * 0.5f), within(1e-6f));
        assertThat(vector.value().get(0)).isEqualTo(2f);
    }

    @Test
    void shouldFollowTheAlgorithmWithClippedGradientsOverManyUpdates() {
        Parameter matrix = parameter("matrix", Shape.of(1, 1), 0.7f);
        AdamW adamW = new AdamW(List.of(matrix), device, SETTINGS);
        double value = 0.7f;
        double m = 0;
        double v = 0;
        for (int t = 1; t <= 50; t++) {
            double gradient = Math.sin(t);
            double rate = 0.01 * t;
            double scale = 1.0 / t;

            set(matrix.gradient(), (float) gradient);
            adamW.update(List.of(matrix), (float) rate, (float) scale);

            m = 0.9 * m + 0.1 * gradient * scale;
            v = 0.99 * v + 0.01 * gradient * scale * gradient * scale;
            value *= 1 - rate * 0.5;
            value -= rate * (m / (1 - Math.pow(0.9, t))) / (Math.sqrt(v / (1 - Math.pow(0.99, t))) + 1e-8);
            assertThat((double) matrix.value().get(0)).as("update %d", t).isCloseTo(value, within(1e-5));
        }
    }

    @Test
    void shouldGoOnExactlyFromSavedMoments() {
        Parameter one = parameter("p", Shape.of(2, 2), 1f);
        Parameter other = parameter("p", Shape.of(2, 2), 1f);
        AdamW first = new AdamW(List.of(one), device, SETTINGS);
        for (int t = 1; t <= 3; t++) {
            set(one.gradient(), t, -t, 0.5f, 0.1f * t);
            first.update(List.of(one), 0.1f, 1f);
        }

        AdamW second = new AdamW(List.of(other), device, SETTINGS);
        copy(first.state(), second.state());
        second.restoreUpdates(first.updates());
        other.value().segment().copyFrom(one.value().segment());
        for (AdamW adamW : List.of(first, second)) {
            Parameter parameter = adamW == first ? one : other;
            set(parameter.gradient(), 1, 2, 3, 4);
            adamW.update(List.of(parameter), 0.1f, 1f);
        }

        assertThat(other.value().segment().mismatch(one.value().segment())).isEqualTo(-1);
    }

    @Test
    void shouldNameItsStateAfterTheParameters() {
        AdamW adamW = new AdamW(
                List.of(parameter("a", Shape.of(2), 0f), parameter("b", Shape.of(3, 4), 0f)), device, SETTINGS);

        assertThat(adamW.state())
                .extracting(named -> named.slice().name())
                .containsExactly("optimizer.m/a", "optimizer.v/a", "optimizer.m/b", "optimizer.v/b");
        assertThat(adamW.state()).allSatisfy(named -> assertThat(named.slice().length())
                .isEqualTo(named.slice().shape().elements()));
    }

    @Test
    void shouldRefuseAParameterItDoesNotKnow() {
        AdamW adamW = new AdamW(List.of(), device, SETTINGS);

        assertThatThrownBy(() -> adamW.update(List.of(parameter("stranger", Shape.of(1), 0f)), 0.1f, 1f))
                .hasMessageContaining("stranger[1] was not given to this optimizer");
    }

    private Parameter parameter(String name, Shape shape, float value) {
        Tensor values = tensor(shape);
        for (long i = 0; i < shape.elements(); i++) {
            values.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }
        Parameter parameter = new Parameter(name, shape, 0);
        parameter.place(values, values);
        parameter.beginGradient(tensor(shape), 0f);
        return parameter;
    }

    private Tensor tensor(Shape shape) {
        return Tensor.of(DType.F32, shape, device.allocate("test", shape.elements() * Float.BYTES));
    }

    private static void set(Tensor tensor, float... values) {
        for (int i = 0; i < values.length; i++) {
            tensor.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
        }
    }

    private static void copy(Iterable<NamedTensor> from, Iterable<NamedTensor> to) {
        var source = from.iterator();
        for (NamedTensor target : to) {
            target.tensor().segment().copyFrom(source.next().tensor().segment());
        }
    }
}
