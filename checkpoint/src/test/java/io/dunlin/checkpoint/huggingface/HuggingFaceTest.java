package io.dunlin.checkpoint.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.CheckpointLocation;
import io.dunlin.checkpoint.ModelFacts;
import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.RunContent;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.checkpoint.format.SafetensorsFile;
import io.dunlin.checkpoint.format.SafetensorsWriter;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.checkpoint.format.StoredTensor;
import io.dunlin.checkpoint.format.StoredType;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Presets;
import io.dunlin.model.Recompute;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tiny models as transformers wrote them, with the logits that it computed. */
class HuggingFaceTest {
    private final Storage storage = new LocalStorage();
    private final InstantSource clock = InstantSource.system();
    private final CpuDevice device = CpuDevice.open(CpuOptions.plain());

    @TempDir
    Path work;

    @AfterEach
    void closeDevice() {
        device.close();
    }

    private static Path fixture(String name) {
        try {
            return Path.of(HuggingFaceTest.class.getResource("/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static JsonNode expected(String name) throws IOException {
        return JsonMapper.shared().readTree(Files.readAllBytes(fixture(name).resolve("expected.json")));
    }

    private Model imported(Path folder) {
        try (HuggingFaceImport source = HuggingFaceImport.open(storage, folder)) {
            Model model = Model.create(source.config(), device, Precision.F32);
            source.loadInto(model);
            return model;
        }
    }

    private void assertLogits(Model model, String name, double tolerance) throws IOException {
        JsonNode rows = expected(name).get("tokens").get(0);
        int batch = rows.size();
        int time = rows.get(0).size();
        MemorySegment memory = device.allocate("tokens", 4L * batch * time);
        for (int row = 0; row < batch; row++) {
            for (int t = 0; t < time; t++) {
                memory.setAtIndex(
                        ValueLayout.JAVA_INT,
                        (long) row * time + t,
                        rows.get(row).get(t).intValue());
            }
        }
        Tensor logits = model.plan(batch, time, Recompute.NONE, PassKind.GENERATE)
                .logits(Tensor.of(DType.I32, Shape.of(batch, time), memory));
        model.stream().synchronize();
        JsonNode head = expected(name).get("logits_head");
        for (int t = 0; t < head.size(); t++) {
            for (int v = 0; v < head.get(t).size(); v++) {
                assertThat((double) logits.rows(t, 1).get(v))
                        .as("logit of token %d at position %d", v, t)
                        .isCloseTo(head.get(t).get(v).doubleValue(), within(tolerance));
            }
        }
    }

    private static Map<String, byte[]> weights(Model model) {
        Map<String, byte[]> weights = new HashMap<>();
        for (Parameter parameter : model.parameters()) {
            weights.put(parameter.name(), parameter.value().segment().toArray(ValueLayout.JAVA_BYTE));
        }
        return weights;
    }

    private static void assertSameWeights(Model found, Model expected) {
        Map<String, byte[]> weights = weights(expected);
        assertThat(weights(found))
                .hasSameSizeAs(weights)
                .allSatisfy((name, bytes) -> assertThat(bytes).as(name).isEqualTo(weights.get(name)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny", "llama-tiny"})
    void shouldComputeTheLogitsOfTransformersAfterAnImport(String name) throws IOException {
        assertLogits(imported(fixture(name)), name, 1e-4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny", "llama-tiny"})
    void shouldImportACheckpointExportItAndImportItAgainWithTheSameBits(String name) throws IOException {
        Path checkpoint = work.resolve("imported");
        try (HuggingFaceImport source = HuggingFaceImport.open(storage, fixture(name))) {
            source.saveAsCheckpoint(new CheckpointFolder(checkpoint, storage), clock);
        }
        Model direct = imported(fixture(name));
        CheckpointLocation location = CheckpointLocation.of(checkpoint, storage);
        assertThat(ModelFacts.config(location.manifest().state().facts())).isEqualTo(direct.config());
        Model restored = Model.create(direct.config(), device, Precision.F32);
        location.load(Peers.alone(), clock, RunContent.weights(restored.parameters()), restored.host());
        restored.valuesLoaded();
        assertSameWeights(restored, direct);
        assertLogits(restored, name, 1e-4);

        HuggingFaceExport.Exported exported =
                exporter(HuggingFaceExport.STANDARD_SHARD_BYTES).export(location, work.resolve("exported"));
        assertThat(exported.files()).containsExactly("model.safetensors");
        assertThat(exported.comparedLogits()).isEqualTo(2 * 64 * 256);
        assertThat(Files.mismatch(
                        exported.folder().resolve("model.safetensors"),
                        fixture(name).resolve("model.safetensors")))
                .as("the very file that transformers wrote")
                .isEqualTo(-1);
        assertSameWeights(imported(exported.folder()), direct);
        try (var files = Files.list(work)) {
            assertThat(files.map(p -> p.getFileName().toString())).containsExactlyInAnyOrder("imported", "exported");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny", "llama-tiny"})
    void shouldExportShardsWithAnIndexAndReadThemBack(String name) throws IOException {
        Path checkpoint = checkpoint(name);
        HuggingFaceExport.Exported exported =
                exporter(100_000).export(CheckpointLocation.of(checkpoint, storage), work.resolve("sharded"));
        assertThat(exported.files()).hasSizeGreaterThan(5).first().asString().startsWith("model-00001-of-000");
        JsonNode index = JsonMapper.shared()
                .readTree(Files.readAllBytes(exported.folder().resolve("model.safetensors.index.json")));
        assertThat(index.get("metadata").get("total_size").longValue()).isEqualTo(exported.bytes());
        for (String file : exported.files()) {
            try (Arena arena = Arena.ofConfined()) {
                SafetensorsFile shard =
                        SafetensorsFile.open(storage, exported.folder().resolve(file), arena);
                assertThat(shard.tensors().stream()
                                .mapToLong(StoredTensor::bytes)
                                .sum())
                        .isLessThanOrEqualTo(100_000);
                assertThat(shard.metadata()).containsEntry("format", "pt");
            }
        }
        assertSameWeights(imported(exported.folder()), imported(fixture(name)));
    }

    private Path checkpoint(String name) {
        Path checkpoint = work.resolve("checkpoint");
        try (HuggingFaceImport source = HuggingFaceImport.open(storage, fixture(name))) {
            source.saveAsCheckpoint(new CheckpointFolder(checkpoint, storage), clock);
        }
        return checkpoint;
    }

    private HuggingFaceExport exporter(long shardBytes) {
        return new HuggingFaceExport(storage, device, clock, shardBytes);
    }

    @Test
    void shouldNotTouchAFolderThatExists() throws IOException {
        Path target = Files.createDirectory(work.resolve("precious"));
        assertThatThrownBy(() ->
                        exporter(1L << 30).export(CheckpointLocation.of(checkpoint("gpt2-tiny"), storage), target))
                .hasMessageContaining("exists already");
        assertThat(target).isEmptyDirectory();
    }

    @Test
    void shouldNotLetAnExportAppearThatComputesSomethingElse() {
        // Storage that flips one bit of the last tensor written.
        Storage flipping = new FlippingStorage(storage);
        HuggingFaceExport exporter = new HuggingFaceExport(flipping, device, clock, 1L << 30);
        Path target = work.resolve("exported");
        assertThatThrownBy(() -> exporter.export(CheckpointLocation.of(checkpoint("gpt2-tiny"), storage), target))
                .isInstanceOfSatisfying(CheckpointException.class, e -> assertThat(e.error())
                        .isEqualTo(CheckpointError.EXPORT_DIFFERS));
        assertThat(target).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"debug", "llama-debug"})
    void shouldKnowTheWeightsThatAModelHas(String preset) {
        ModelConfig config = Presets.named(preset);
        Model model = Model.create(config, device, Precision.F32);
        assertThat(ModelWeight.of(config))
                .extracting(ModelWeight::name, ModelWeight::shape)
                .containsExactlyElementsOf(model.parameters().stream()
                        .map(p -> org.assertj.core.groups.Tuple.tuple(p.name(), p.shape()))
                        .toList());
    }

    @Test
    void shouldWriteAConfigThatItReadsAsTheSameModel() {
        for (String name : Presets.names()) {
            ModelConfig config = Presets.named(name);
            assertThat(HuggingFaceConfig.parse(HuggingFaceConfig.render(config), "config.json"))
                    .isEqualTo(new HuggingFaceConfig(config, List.of()));
            assertThat(ModelFacts.config(ModelFacts.of(config))).isEqualTo(config);
        }
    }

    /** Copies a fixture with another config.json and other tensors. */
    private Path variant(String name, UnaryOperator<String> config, UnaryOperator<List<Raw>> tensors) {
        try (Arena arena = Arena.ofConfined()) {
            Path folder = Files.createTempDirectory(work, "variant");
            String json = Files.readString(fixture(name).resolve("config.json"));
            Files.writeString(folder.resolve("config.json"), config.apply(json));
            SafetensorsFile file = SafetensorsFile.open(storage, fixture(name).resolve("model.safetensors"), arena);
            List<Raw> raws = new ArrayList<>();
            for (StoredTensor tensor : file.tensors()) {
                raws.add(new Raw(
                        tensor.name(),
                        tensor.dtype(),
                        tensor.shape(),
                        file.bytes(tensor).toArray(ValueLayout.JAVA_BYTE)));
            }
            Map<String, Raw> byName = new HashMap<>();
            List<StoredTensor> stored = new ArrayList<>();
            for (Raw raw : tensors.apply(raws)) {
                byName.put(raw.name(), raw);
                stored.add(new StoredTensor(raw.name(), raw.dtype(), raw.shape(), 0, 0));
            }
            try (SafetensorsWriter writer =
                    SafetensorsWriter.create(storage, folder.resolve("model.safetensors"), stored, Map.of())) {
                for (StoredTensor tensor : writer.order()) {
                    writer.append(
                            tensor,
                            MemorySegment.ofArray(byName.get(tensor.name()).bytes()));
                }
                writer.finish();
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record Raw(String name, StoredType dtype, Shape shape, byte[] bytes) {
        Raw named(String other) {
            return new Raw(other, dtype, shape, bytes);
        }

        Raw as(StoredType type) {
            MemorySegment source = MemorySegment.ofArray(bytes);
            byte[] converted = new byte[bytes.length / 2];
            MemorySegment target = MemorySegment.ofArray(converted);
            for (long i = 0; i < bytes.length / 4; i++) {
                float value = source.get(ValueLayout.JAVA_FLOAT_UNALIGNED, i * 4);
                short half = type == StoredType.F16
                        ? Float.floatToFloat16(value)
                        : (short) (Float.floatToIntBits(value) >>> 16);
                target.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2, half);
            }
            return new Raw(name, type, shape, converted);
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt2-tiny, F16, 2e-2", "llama-tiny, F16, 2e-2", "gpt2-tiny, BF16, 2e-1", "llama-tiny, BF16, 2e-1"})
    void shouldImportHalfPrecision(String name, StoredType type, double tolerance) throws IOException {
        Path folder = variant(name, config -> config, raws -> raws.stream()
                .map(raw -> raw.as(type))
                .toList());
        Model model = imported(folder);
        assertLogits(model, name, tolerance);
        Model exact = imported(fixture(name));
        for (int p = 0; p < model.parameters().size(); p++) {
            Tensor half = model.parameters().get(p).value();
            Tensor full = exact.parameters().get(p).value();
            for (long i = 0; i < half.elements(); i++) {
                float value = full.get(i);
                float rounded = type == StoredType.F16
                        ? Float.float16ToFloat(Float.floatToFloat16(value))
                        : Float.intBitsToFloat(Float.floatToIntBits(value) & 0xffff0000);
                assertThat(half.get(i)).isEqualTo(rounded);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt2-tiny, transformer.", "llama-tiny, model."})
    void shouldImportNamesWithoutPrefix(String name, String prefix) throws IOException {
        Path folder = variant(name, config -> config, raws -> raws.stream()
                .map(raw -> raw.named(raw.name().replaceFirst("^" + prefix.replace(".", "\\."), "")))
                .toList());
        assertSameWeights(imported(folder), imported(fixture(name)));
    }

    @Test
    void shouldPassOverTheMasksThatOldVersionsStored() {
        Path folder = variant("gpt2-tiny", config -> config, raws -> {
            List<Raw> more = new ArrayList<>(raws);
            more.add(new Raw("h.0.attn.bias", StoredType.U8, Shape.of(1, 1, 2, 2), new byte[4]));
            more.add(new Raw("transformer.h.1.attn.masked_bias", StoredType.F32, Shape.of(), new byte[4]));
            return more;
        });
        assertSameWeights(imported(folder), imported(fixture("gpt2-tiny")));
    }

    @Test
    void shouldTakeATiedHeadThatIsStoredAndRefuseOneThatIsNot() {
        UnaryOperator<List<Raw>> storedHead = raws -> {
            List<Raw> more = new ArrayList<>(raws);
            raws.stream()
                    .filter(raw -> raw.name().equals("transformer.wte.weight"))
                    .forEach(raw -> more.add(raw.named("lm_head.weight")));
            return more;
        };
        Path same = variant("gpt2-tiny", config -> config, storedHead);
        assertSameWeights(imported(same), imported(fixture("gpt2-tiny")));

        Path other = variant("gpt2-tiny", config -> config, raws -> {
            List<Raw> more = storedHead.apply(raws);
            byte[] bytes = more.getLast().bytes().clone();
            bytes[0] ^= 1;
            more.set(
                    more.size() - 1,
                    new Raw("lm_head.weight", StoredType.F32, more.getLast().shape(), bytes));
            return more;
        });
        assertRefused(other, "tie_word_embeddings = true, but lm_head.weight differs");

        Path untied = variant(
                "gpt2-tiny",
                config -> config.replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"),
                storedHead);
        assertThat(imported(untied).config().tiedHead()).isFalse();
        Path missing = variant("llama-tiny", config -> config, raws -> raws.stream()
                .filter(r -> !r.name().equals("lm_head.weight"))
                .toList());
        assertRefused(missing, "there is no tensor lm_head.weight [256x64]");
    }

    @Test
    void shouldRefuseTensorsThatTheConfigDoesNotPromise() {
        assertRefused(
                variant("gpt2-tiny", config -> config, raws -> raws.stream()
                        .map(r -> r.name().equals("transformer.ln_f.bias") ? r.named("transformer.ln_x.bias") : r)
                        .toList()),
                "there is no tensor ln_f.bias [64]");
        assertRefused(
                variant("gpt2-tiny", config -> config, raws -> {
                    List<Raw> more = new ArrayList<>(raws);
                    more.add(new Raw("score.weight", StoredType.F32, Shape.of(1), new byte[4]));
                    return more;
                }),
                "does not ask for tensor score.weight");
        assertRefused(
                variant("gpt2-tiny", config -> config, raws -> {
                    List<Raw> more = new ArrayList<>(raws);
                    more.add(raws.getFirst().named(raws.getFirst().name().replace("transformer.", "")));
                    return more;
                }),
                "is there twice");
        assertRefused(
                variant("gpt2-tiny", config -> config.replace("\"vocab_size\": 256", "\"vocab_size\": 255"), r -> r),
                "tensor transformer.wte.weight is [256x64], config.json asks for [255x64]");
        assertRefused(
                variant("gpt2-tiny", config -> config, raws -> raws.stream()
                        .map(r -> r.name().endsWith("ln_f.bias")
                                ? new Raw(r.name(), StoredType.I32, r.shape(), r.bytes())
                                : r)
                        .toList()),
                "is I32; F32, BF16 and F16 can be imported");
    }

    private void assertRefused(Path folder, String why) {
        assertThatThrownBy(() -> HuggingFaceImport.open(storage, folder).close())
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(why);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    llama-tiny | "attention_bias": false       | "attention_bias": true        | attention_bias = true
                    llama-tiny | "mlp_bias": false             | "mlp_bias": true              | mlp_bias = true
                    llama-tiny | "hidden_act": "silu"          | "hidden_act": "gelu"          | hidden_act = "gelu"
                    llama-tiny | "rope_type": "default"        | "rope_type": "llama3"         | rope_parameters.rope_type = "llama3"
                    llama-tiny | "rope_type": "default"        | "factor": 8.0                 | rope_parameters.factor = 8.0
                    llama-tiny | "use_cache": true             | "rope_scaling": {"type":"linear","factor":2} | rope_scaling = {"type":"linear","factor":2}
                    llama-tiny | "head_dim": 16                | "head_dim": 32                | head_dim = 32
                    llama-tiny | "pretraining_tp": 1           | "pretraining_tp": 2           | pretraining_tp = 2
                    llama-tiny | "use_cache": true             | "sliding_window": 4096        | sliding_window = 4096
                    llama-tiny | "use_cache": true             | "quantization_config": {"bits":4} | quantization_config = {"bits":4}
                    llama-tiny | "use_cache": true             | "rope_theta": 5.0             | rope_parameters says 10000.0
                    llama-tiny | "model_type": "llama"         | "model_type": "mistral"       | model_type = "mistral"
                    llama-tiny | "use_cache": true             | "logit_softcap": 30           | logit_softcap = 30
                    llama-tiny | "hidden_size": 64             | "hidden_size": "64"           | hidden_size = "64"
                    llama-tiny | "num_hidden_layers": 3,       |                               | num_hidden_layers = missing
                    gpt2-tiny  | "activation_function": "gelu_new" | "activation_function": "relu" | activation_function = "relu"
                    gpt2-tiny  | "scale_attn_by_inverse_layer_idx": false | "scale_attn_by_inverse_layer_idx": true | scale_attn_by_inverse_layer_idx = true
                    gpt2-tiny  | "scale_attn_weights": true    | "scale_attn_weights": false   | scale_attn_weights = false
                    gpt2-tiny  | "add_cross_attention": false  | "add_cross_attention": true   | add_cross_attention = true
                    """)
    void shouldRefuseWhatItDoesNotCompute(String name, String from, String to, String why) {
        Path folder = variant(name, config -> config.replace(from, to == null ? "" : to), raws -> raws);
        assertRefused(folder, why);
    }

    @Test
    void shouldSayThatDropoutIsNotTrainedWith() {
        Path folder = variant(
                "gpt2-tiny", config -> config.replace("\"attn_pdrop\": 0", "\"attn_pdrop\": 0.1"), raws -> raws);
        try (HuggingFaceImport source = HuggingFaceImport.open(storage, folder)) {
            assertThat(source.notes()).containsExactly("attn_pdrop = 0.1: Dunlin trains without dropout");
        }
    }

    @Test
    void shouldSayWhatAFolderLacks() throws IOException {
        assertRefused(work, "no such file");
        Path folder = Files.createDirectory(work.resolve("m"));
        Files.copy(fixture("gpt2-tiny").resolve("config.json"), folder.resolve("config.json"));
        assertRefused(folder, "there is neither model.safetensors nor model.safetensors.index.json");
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"../x.safetensors\"}}");
        assertRefused(folder, "names the file '../x.safetensors'");
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");
        assertRefused(folder, "has no weight_map");
    }

    @Test
    void shouldNotLoadIntoAnotherModel() {
        Model other = Model.create(Presets.named("debug"), device, Precision.F32);
        try (HuggingFaceImport source = HuggingFaceImport.open(storage, fixture("gpt2-tiny"))) {
            assertThatThrownBy(() -> source.loadInto(other)).isInstanceOf(CheckpointException.class);
        }
    }
}
