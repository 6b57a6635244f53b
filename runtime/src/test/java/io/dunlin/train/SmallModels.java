package io.dunlin.train;

import io.dunlin.device.Device;
import io.dunlin.model.Family;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Precision;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.Philox;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Models of odd sizes, small enough to check everything. */
final class SmallModels {
    private SmallModels() {}

    static List<ModelConfig> all() {
        ModelConfig llama = ModelConfig.llama(2, 12, 6, 2, 17, 19, 8);
        ModelConfig gpt = ModelConfig.gpt(2, 15, 3, 23, 9);
        ModelConfig untied = new ModelConfig(Family.GPT, 1, 14, 2, 2, 21, 17, 7, false, 1e-5f, 1f);
        return List.of(gpt, untied, llama, llama.withTiedHead());
    }

    /** With weights far larger than initial ones, and gains and biases that are not one and zero. */
    static Model lively(ModelConfig config, Device device, Precision precision) {
        Model model = Model.create(config, device, precision);
        for (Parameter parameter : model.parameters()) {
            Philox random = Philox.keyed(5, "test", parameter.name());
            double centre = parameter.decays() ? 0 : parameter.name().endsWith("bias") ? 0.1 : 1;
            for (long i = 0; i < parameter.shape().elements(); i++) {
                float value = (float) (centre + 0.3 * random.normal(0, i));
                parameter.value().segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
        }
        model.valuesLoaded();
        return model;
    }
}
