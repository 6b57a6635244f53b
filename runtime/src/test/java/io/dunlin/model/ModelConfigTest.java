package io.dunlin.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.nn.Parameter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ModelConfigTest {
    @ParameterizedTest
    @CsvSource({
        "gpt2-12m,   12318720",
        "gpt2-124m, 124082688",
        "gpt2-1558m, 1557686400",
        "llama3-1b, 1235814400",
        "llama3-3b, 3212749824",
        "llama3-8b, 8030261248",
        "llama3-70b, 70553706496"
    })
    void shouldHaveAsManyParametersAsItsNameSays(String preset, long parameters) {
        assertThat(Presets.named(preset).parameterCount()).isEqualTo(parameters);
    }

    static List<ModelConfig> small() {
        ModelConfig llama = ModelConfig.llama(2, 12, 3, 1, 10, 11, 7);
        ModelConfig gpt = ModelConfig.gpt(3, 15, 5, 13, 9);
        ModelConfig untied = new ModelConfig(Family.GPT, 1, 6, 2, 2, 7, 5, 3, false, 1e-5f, 1f);
        return List.of(gpt, untied, llama, llama.withTiedHead());
    }

    @ParameterizedTest
    @MethodSource("small")
    void shouldCountTheParametersThatTheModelHas(ModelConfig config) {
        try (Device device = CpuDevice.open(CpuOptions.plain())) {
            Model model = Model.create(config, device, Precision.F32);

            assertThat(model.parameters().stream()
                            .mapToLong(p -> p.shape().elements())
                            .sum())
                    .isEqualTo(config.parameterCount());
        }
    }

    @ParameterizedTest
    @MethodSource("small")
    void shouldLayParametersOutInOrderOnCacheLines(ModelConfig config) {
        try (Device device = CpuDevice.open(CpuOptions.plain())) {
            Model model = Model.create(config, device, Precision.BF16);

            long end = 0;
            for (Parameter parameter : model.parameters()) {
                assertThat(parameter.flatOffset() % 16).isZero();
                assertThat(parameter.flatOffset()).isBetween(end, end + 15);
                end = parameter.flatOffset() + parameter.shape().elements();
            }
            assertThat(model.flatElements()).isBetween(end, end + 15);
        }
    }

    @Test
    void shouldCountTheOperationsThatTheBaselineCounts() {
        ModelConfig config = Presets.named("gpt2-124m");

        // 6 * (layers * 12 * width^2 + vocabulary * width) + 12 * layers * width * context
        assertThat(config.flopsPerToken()).isEqualTo(6L * (12 * 12 * 768 * 768 + 50_304 * 768) + 12L * 12 * 768 * 512);
    }

    @Test
    void shouldNameTheDivisorsWhenHeadsDoNotDivideTheWidth() {
        assertThatThrownBy(() -> ModelConfig.gpt(2, 10, 3, 256, 64)).isInstanceOfSatisfying(ModelException.class, e -> {
            assertThat(e.code()).isEqualTo("DUN-511");
            assertThat(e).hasMessage("model.heads = 3 does not divide model.width = 10");
            assertThat(e.remedy()).isEqualTo("possible: 1 2 5 10");
        });
    }

    @Test
    void shouldRefuseHeadsOfOddWidthWherePositionsAreRotations() {
        assertThatThrownBy(() -> ModelConfig.llama(1, 9, 3, 1, 8, 16, 8))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("heads are 3 wide");
    }

    @Test
    void shouldListThePresetsWhenOneDoesNotExist() {
        assertThatThrownBy(() -> Presets.named("gpt2-125m")).isInstanceOfSatisfying(ModelException.class, e -> {
            assertThat(e.code()).isEqualTo("DUN-512");
            assertThat(e.remedy()).contains("gpt2-124m").contains("llama3-8b");
        });
    }
}
