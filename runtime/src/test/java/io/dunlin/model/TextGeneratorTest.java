package io.dunlin.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.data.Tokenizer;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.TextGenerator.Settings;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TextGeneratorTest {
    private static final Tokenizer BYTE = Tokenizer.named("byte");
    private static final Settings GREEDY = new Settings(20, 0, 0, 1);

    private final Device device = CpuDevice.open(CpuOptions.plain());

    @AfterEach
    void closeDevice() {
        device.close();
    }

    @Test
    void shouldWriteTheSameForTheSameSeed() {
        TextGenerator generator = new TextGenerator(model(Family.GPT, 32, 256), BYTE);
        Settings settings = new Settings(60, 1, 0, 7);

        String first = generator.text("class ", settings, piece -> {});

        assertThat(generator.text("class ", settings, piece -> {})).isEqualTo(first);
        assertThat(new TextGenerator(model(Family.GPT, 32, 256), BYTE).text("class ", settings, piece -> {}))
                .isEqualTo(first);
        assertThat(generator.text("class ", new Settings(60, 1, 0, 8), piece -> {}))
                .isNotEqualTo(first);
    }

    /** Also behind the context (12) and through passes that are longer than the text (64, 100). */
    @ParameterizedTest
    @EnumSource(Family.class)
    void shouldTakeTheLikeliestTokenAtTemperatureZero(Family family) {
        String prompt = "To be, or not to be, that is the question: whether it is nobler";
        for (int context : new int[] {12, 100}) {
            Model model = model(family, context, 256);

            assertThat(new TextGenerator(model, BYTE).text(prompt, GREEDY, piece -> {}))
                    .isEqualTo(likeliest(model, prompt, 20));
        }
    }

    @Test
    void shouldDrawTheLikeliestIfItIsTheOnlyCandidate() {
        TextGenerator generator = new TextGenerator(model(Family.LLAMA, 32, 256), BYTE);

        assertThat(generator.text("x", new Settings(20, 1.5, 1, 3), piece -> {}))
                .isEqualTo(generator.text("x", GREEDY, piece -> {}));
    }

    @Test
    void shouldDrawOnlyTokensThatTheTokenizerHas() {
        TextGenerator generator = new TextGenerator(model(Family.GPT, 16, 512), BYTE);

        assertThat(generator.text("", new Settings(200, 1, 0, 3), piece -> {})).isNotEmpty();
    }

    @Test
    void shouldGivePiecesOfWholeCharacters() {
        List<String> pieces = new ArrayList<>();
        String text = new TextGenerator(model(Family.GPT, 16, 256), BYTE)
                .text("\u00e9", new Settings(100, 1, 0, 3), pieces::add);

        assertThat(String.join("", pieces)).isEqualTo(text);
        assertThat(pieces).isNotEmpty().doesNotContain("");
    }

    @Test
    void shouldJoinBytesIntoCharacters() {
        Utf8Pieces pieces = new Utf8Pieces();
        byte[] euro = "\u20ac".getBytes(StandardCharsets.UTF_8);

        assertThat(pieces.add(new byte[] {'a', euro[0]})).isEqualTo("a");
        assertThat(pieces.add(new byte[] {euro[1]})).isEmpty();
        assertThat(pieces.add(new byte[] {euro[2], 'b'})).isEqualTo("\u20acb");
        assertThat(pieces.add(new byte[] {(byte) 0xFF, 'c'})).isEqualTo("\uFFFDc");
        assertThat(pieces.add(new byte[] {euro[0]})).isEmpty();
        assertThat(pieces.end()).isEqualTo("\uFFFD");
        assertThat(pieces.end()).isEmpty();
    }

    @Test
    void shouldAllocateNothingAfterPlanning() {
        TextGenerator generator = new TextGenerator(model(Family.GPT, 100, 256), BYTE);
        generator.plan(100);
        long before = allocated();

        generator.text("a", new Settings(120, 1, 0, 1), piece -> {});

        assertThat(allocated()).isEqualTo(before);
    }

    @Test
    void shouldDrawAsOftenAsPredicted() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor row = row(arena, (float) Math.log(1), (float) Math.log(2), (float) Math.log(5), (float) Math.log(2));
            int[] drawn = draw(row, new Settings(0, 1, 0, 11), 10_000);
            assertThat(drawn[0]).isBetween(900, 1100);
            assertThat(drawn[1]).isBetween(1860, 2140);
            assertThat(drawn[2]).isBetween(4850, 5150);

            int[] top = draw(row, new Settings(0, 1, 1, 11), 100);
            assertThat(top).containsExactly(0, 0, 100, 0);
            int[] three = draw(row, new Settings(0, 1, 3, 11), 9000);
            assertThat(three[0]).isZero();
            assertThat(three[2]).isBetween(4850, 5150);
            int[] cold = draw(row, new Settings(0, 0.5, 0, 11), 3400);
            assertThat(cold[2]).isBetween(2350, 2650); // 25 of 34
        }
    }

    @Test
    void shouldNotDrawFromWhatIsNoNumber() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor row = row(arena, 1, Float.NaN);

            assertThatThrownBy(() -> new TokenSampler(2, GREEDY).draw(row, 5))
                    .hasMessage("What the model predicts at position 5 are no numbers: its weights are not finite.")
                    .asInstanceOf(InstanceOfAssertFactories.type(ModelException.class))
                    .extracting(ModelException::code)
                    .isEqualTo("DUN-515");
        }
    }

    @Test
    void shouldRefuseSettingsOutOfRange() {
        Set<String> codes = new HashSet<>();
        for (double temperature : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new Settings(1, temperature, 0, 0))
                    .isInstanceOfSatisfying(ModelException.class, failure -> codes.add(failure.code()));
        }
        assertThat(codes).containsExactly("DUN-514");
    }

    /** By the definition: all tokens so far, or the last of them, through a pass of just that length. */
    private String likeliest(Model model, String prompt, int count) {
        List<Integer> text = new ArrayList<>();
        for (byte b : prompt.getBytes(StandardCharsets.US_ASCII)) {
            text.add(b & 0xFF);
        }
        try (Arena arena = Arena.ofConfined()) {
            for (int i = 0; i < count; i++) {
                int length = Math.min(text.size(), model.config().context());
                Pass pass = model.plan(1, length, Recompute.NONE, PassKind.GENERATE);
                Tensor tokens = Tensor.of(DType.I32, Shape.of(1, length), arena.allocate(length * 4L, 64));
                for (int t = 0; t < length; t++) {
                    tokens.segment().setAtIndex(ValueLayout.JAVA_INT, t, text.get(text.size() - length + t));
                }
                Tensor logits = pass.logits(tokens).rows(length - 1, 1);
                int best = 0;
                for (int v = 1; v < 256; v++) {
                    best = logits.get(v) > logits.get(best) ? v : best;
                }
                text.add(best);
            }
        }
        byte[] written = new byte[count];
        for (int i = 0; i < count; i++) {
            written[i] = text.get(text.size() - count + i).byteValue();
        }
        return new String(written, StandardCharsets.UTF_8);
    }

    private Model model(Family family, int context, int vocabulary) {
        ModelConfig config = new ModelConfig(
                family,
                2,
                32,
                4,
                family == Family.GPT ? 4 : 2,
                64,
                vocabulary,
                context,
                family == Family.GPT,
                1e-5f,
                1e4f);
        Model model = Model.create(config, device, Precision.F32);
        model.initialise(5);
        return model;
    }

    private long allocated() {
        return device.allocatedBytes().values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    private static Tensor row(Arena arena, float... logits) {
        return Tensor.of(DType.F32, Shape.of(1, logits.length), arena.allocateFrom(ValueLayout.JAVA_FLOAT, logits));
    }

    private static int[] draw(Tensor row, Settings settings, int times) {
        TokenSampler sampler = new TokenSampler((int) row.columns(), settings);
        int[] drawn = new int[(int) row.columns()];
        for (int position = 0; position < times; position++) {
            drawn[sampler.draw(row, position)]++;
        }
        return drawn;
    }
}
