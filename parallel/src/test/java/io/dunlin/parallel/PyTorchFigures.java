package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.dunlin.model.Family;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.nn.Parameter;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Two tiny models, what they were trained on, and the losses and norms that PyTorch had; see the runtime's tests. */
enum PyTorchFigures {
    GPT2("gpt2-tiny", "transformer.", ModelConfig.gpt(3, 64, 4, 256, 64)),
    LLAMA("llama-tiny", "model.", new ModelConfig(Family.LLAMA, 3, 64, 4, 2, 176, 256, 64, false, 1e-6f, 10_000f));

    private final String folder;
    private final String prefix;
    private final ModelConfig config;

    PyTorchFigures(String folder, String prefix, ModelConfig config) {
        this.folder = folder;
        this.prefix = prefix;
        this.config = config;
    }

    ModelConfig config() {
        return config;
    }

    /** [step * row][position]. */
    int[][] rows() {
        List<int[]> rows = new ArrayList<>();
        for (JsonNode step : expected().get("tokens")) {
            for (JsonNode row : step) {
                rows.add(row.valueStream().mapToInt(JsonNode::asInt).toArray());
            }
        }
        return rows.toArray(int[][]::new);
    }

    /** {@code losses} or {@code grad_norms}, by step. */
    List<Double> curve(String name) {
        return expected().get(name).valueStream().map(JsonNode::asDouble).toList();
    }

    /** The run that gave the figures: 30 steps of 8 rows, 2 at a time. */
    SmallRun run() {
        return SmallRun.of(config, Accumulation.RUNNING, rows(), this::loadInto)
                .batches(8, 2)
                .steps(30);
    }

    /** Fails unless the losses are within 1e-4 of PyTorch's, and the norms within 0.1 %. */
    void assertReproducedBy(Outcome outcome) {
        List<Double> losses = curve("losses");
        List<Double> norms = curve("grad_norms");
        assertThat(outcome.losses()).hasSameSizeAs(losses);
        for (int step = 0; step < losses.size(); step++) {
            assertThat(outcome.losses().get(step))
                    .as("loss of step %d", step + 1)
                    .isCloseTo(losses.get(step), within(1e-4));
            assertThat(outcome.norms().get(step))
                    .as("norm of step %d", step + 1)
                    .isCloseTo(norms.get(step), withinPercentage(0.1));
        }
    }

    /** Writes the weights that training began with. */
    void loadInto(Model model) {
        byte[] file = bytes("model.safetensors");
        MemorySegment stored = MemorySegment.ofArray(file);
        int headerBytes = (int) stored.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        JsonNode header = JsonMapper.shared().readTree(new String(file, 8, headerBytes, StandardCharsets.UTF_8));
        for (Parameter parameter : model.parameters()) { // whole: no run of these figures is sharded
            JsonNode entry = header.has(prefix + parameter.name())
                    ? header.get(prefix + parameter.name())
                    : header.get(parameter.name());
            long offset = 8L + headerBytes + entry.get("data_offsets").get(0).asLong();
            model.host().write(parameter.value().segment(), ours(stored.asSlice(offset), parameter));
        }
        model.valuesLoaded();
    }

    private MemorySegment ours(MemorySegment stored, Parameter parameter) {
        MemorySegment ours =
                MemorySegment.ofArray(new float[(int) parameter.shape().elements()]);
        boolean turned = this == GPT2 && parameter.name().matches("h\\..*\\.c_\\w+\\.weight"); // stored as [in, out]
        long columns = turned ? parameter.shape().columns() : 1;
        long rows = parameter.shape().elements() / columns;
        for (long row = 0; row < rows; row++) {
            for (long column = 0; column < columns; column++) {
                long from = turned ? column * rows + row : row;
                ours.setAtIndex(
                        ValueLayout.JAVA_FLOAT,
                        row * columns + column,
                        stored.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from * Float.BYTES));
            }
        }
        return ours;
    }

    private JsonNode expected() {
        return JsonMapper.shared().readTree(bytes("expected.json"));
    }

    private byte[] bytes(String file) {
        try (var in = PyTorchFigures.class.getResourceAsStream("/fixtures/" + folder + "/" + file)) {
            if (in == null) {
                throw new IllegalStateException("no fixture " + folder + "/" + file);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
