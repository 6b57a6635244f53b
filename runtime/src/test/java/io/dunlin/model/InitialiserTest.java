package io.dunlin.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InitialiserTest {
    @ParameterizedTest
    @CsvSource({
        "0.5, 0.0",
        "0.75, 0.6744897501960817",
        "0.95, 1.6448536269514722",
        "0.975, 1.959963984540054",
        "0.025, -1.959963984540054",
        "0.9999, 3.719016485455709",
        "0.000001, -4.753424308822899"
    })
    void shouldInvertTheNormalDistribution(double probability, double quantile) {
        int bits = (int) Math.round((probability - 0.5) * 0x1.0p32);

        assertThat(Initialiser.normal(bits)).isCloseTo(quantile, within(1e-5 * Math.max(1, Math.abs(quantile))));
    }

    @Test
    void shouldStayFiniteAtBothEnds() {
        assertThat(Initialiser.normal(Integer.MIN_VALUE)).isBetween(-6.5, -6.0);
        assertThat(Initialiser.normal(Integer.MAX_VALUE)).isBetween(6.0, 6.5);
    }

    @Test
    void shouldGiveTheSameBitsForTheSameSeedAndOthersForAnother() {
        try (Device device = CpuDevice.open(CpuOptions.plain())) {
            ModelConfig config = Presets.named("debug");
            Model one = Model.create(config, device, Precision.F32);
            Model same = Model.create(config, device, Precision.F32);
            Model other = Model.create(config, device, Precision.F32);
            one.initialise(1);
            same.initialise(1);
            other.initialise(2);

            for (int i = 0; i < one.parameters().size(); i++) {
                Parameter parameter = one.parameters().get(i);
                float[] values = values(parameter);
                assertThat(values).isEqualTo(values(same.parameters().get(i)));
                if (parameter.decays()) {
                    assertThat(values).isNotEqualTo(values(other.parameters().get(i)));
                }
            }
        }
    }

    @Test
    void shouldSpreadWeightsAsGpt2Does() {
        try (Device device = CpuDevice.open(CpuOptions.plain())) {
            ModelConfig config = Presets.named("debug"); // 2 layers: 4 branches
            Model model = Model.create(config, device, Precision.F32);
            model.initialise(7);

            assertThat(deviation(values(find(model, "wte.weight")))).isCloseTo(0.02, within(0.0004));
            assertThat(deviation(values(find(model, "h.0.attn.c_attn.weight")))).isCloseTo(0.02, within(0.0004));
            assertThat(deviation(values(find(model, "h.1.mlp.c_proj.weight")))).isCloseTo(0.01, within(0.0002));
            assertThat(values(find(model, "h.1.mlp.c_fc.bias"))).containsOnly(0f);
            assertThat(values(find(model, "ln_f.weight"))).containsOnly(1f);
        }
    }

    @Test
    void shouldRoundTheCopiesToComputeWith() {
        try (Device device = CpuDevice.open(CpuOptions.plain())) {
            Model model = Model.create(Presets.named("llama-debug"), device, Precision.BF16);
            model.initialise(7);

            Tensor value = find(model, "layers.0.mlp.up_proj.weight").value();
            Tensor compute = find(model, "layers.0.mlp.up_proj.weight").compute();
            for (int i = 0; i < 1000; i++) {
                assertThat(compute.get(i)).isCloseTo(value.get(i), within(Math.abs(value.get(i)) / 256));
            }
        }
    }

    private static Parameter find(Model model, String name) {
        return model.parameters().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static float[] values(Parameter parameter) {
        float[] values = new float[(int) parameter.shape().elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = parameter.value().get(i);
        }
        return values;
    }

    private static double deviation(float[] values) {
        double[] squares = new double[values.length];
        Arrays.setAll(squares, i -> (double) values[i] * values[i]);
        return Math.sqrt(Arrays.stream(squares).average().orElseThrow());
    }
}
