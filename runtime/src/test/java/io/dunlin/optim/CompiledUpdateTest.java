package io.dunlin.optim;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Precision;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Guards an option in {@code conf/jvm.options}: without {@code -XX:-ReduceAllocationMerges} the compiler of JDK 25
 * hands null to the kernel instead of one of two step records, once {@link AdamW#update} is compiled.
 */
class CompiledUpdateTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(2, 16, 4, 2, 24, 61, 16);

    @Test
    void shouldUpdateTheSameOnceCompiled() throws Exception {
        // Four threads, as ranks in one process: they are in the method while it is compiled.
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Float>> weights = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                weights.add(threads.submit(CompiledUpdateTest::weightAfterUpdates));
            }
            float first = weights.getFirst().get();
            for (Future<Float> weight : weights) {
                assertThat(weight.get()).isEqualTo(first);
            }
        }
    }

    private static float weightAfterUpdates() {
        try (CpuDevice device = CpuDevice.open(CpuOptions.plain())) {
            Model model = Model.create(CONFIG, device, Precision.F32);
            List<Parameter> parameters = model.parameters();
            AdamW adamW = new AdamW(parameters, device, AdamW.Settings.DEFAULT);
            for (Parameter parameter : parameters) {
                Tensor gradient = Tensor.of(
                        DType.F32,
                        parameter.shape(),
                        device.allocate("gradients", parameter.shape().elements() * Float.BYTES));
                parameter.beginGradient(gradient, 0f);
            }
            for (int update = 0; update < 300; update++) {
                adamW.update(parameters, 1e-3f, 1f);
            }
            return parameters.getFirst().value().get(0);
        }
    }
}
