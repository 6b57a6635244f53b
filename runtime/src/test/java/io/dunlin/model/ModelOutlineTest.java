package io.dunlin.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ModelOutlineTest {
    static Stream<ModelConfig> models() {
        ModelConfig llama = ModelConfig.llama(2, 24, 4, 2, 40, 37, 12);
        return Stream.of(ModelConfig.gpt(3, 20, 4, 33, 12), llama, llama.withTiedHead());
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldSayWhatAModelAllocates(ModelConfig config) {
        ModelOutline outline = ModelOutline.of(config);
        for (Precision precision : Precision.values()) {
            for (Recompute recompute : Recompute.values()) {
                try (Device device = CpuDevice.open(CpuOptions.plain())) {
                    Model model = Model.create(config, device, precision);
                    Pass pass = model.plan(3, 10, recompute, PassKind.TRAIN);

                    assertThat(outline.activationBytes(precision, 3, 10, recompute))
                            .isEqualTo(pass.activationBytes());
                    assertThat(outline.flatElements()).isEqualTo(model.flatElements());
                }
            }
        }
    }

    @Test
    void shouldCutAModelIntoEmbeddingBlocksAndHead() {
        ModelOutline outline = ModelOutline.of(ModelConfig.gpt(3, 32, 4, 64, 16));

        long embedding = (64 + 16) * 32;
        long block = 12 * 32 * 32 + 13 * 32;
        assertThat(outline.units()).containsExactly(embedding, block, block, block, 2 * 32L);
        assertThat(outline.largestUnit()).isEqualTo(block);
    }

    @Test
    void shouldPlanAModelThatFitsNoMachine() {
        ModelConfig large = ModelConfig.gpt(96, 12_288, 96, 50_257, 2048);

        assertThat(ModelOutline.of(large).flatElements()).isGreaterThan(174_000_000_000L);
        assertThat(ModelOutline.of(large).activationBytes(Precision.BF16, 64, 2048, Recompute.NONE))
                .isGreaterThan(1L << 40);
    }
}
