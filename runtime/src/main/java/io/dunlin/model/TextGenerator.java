package io.dunlin.model;

import io.dunlin.data.Tokenizer;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Lets a model write.
 *
 * <p>Each token costs a forward over the text so far, or over its last {@code context} tokens. Passes are planned for a
 * few lengths, each four times the one before, so that a short text does not cost as much as a full context; what fills
 * a pass up lies behind the text, where attention does not look. Same seed, prompt, settings and weights: same text.
 *
 * <p>Not safe for use by several threads, and not while another pass of the model runs.
 */
public final class TextGenerator {
    private static final int SHORTEST = 16;
    private static final int GROWTH = 4;

    private final Model model;
    private final Tokenizer tokenizer;
    private final Map<Integer, Planned> planned = new HashMap<>();
    private Tensor predicted = Tensor.NONE;

    /** A pass with its input, I32 [1, T], on the host. */
    private record Planned(Pass pass, Tensor tokens) {}

    /**
     * How to choose among what the model predicts.
     *
     * @param tokens how many to write
     * @param temperature 0 takes the likeliest token, 1 draws as the model predicts
     * @param topK draws among the k likeliest only; 0 for all
     * @param seed of the draws
     */
    public record Settings(int tokens, double temperature, int topK, long seed) {
        /**
         * Checks the ranges.
         *
         * @throws ModelException DUN-514 if a number is negative, or the temperature not a number
         */
        public Settings {
            if (tokens < 0 || topK < 0 || !(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
                throw ModelException.sampling(
                        "Cannot write %,d tokens at temperature %s with top-k %,d."
                                .formatted(tokens, temperature, topK),
                        "None of them may be negative, and the temperature must be finite.");
            }
        }
    }

    /** Allocates nothing yet: passes are planned when a text first needs their length, or by {@link #plan}. */
    public TextGenerator(Model model, Tokenizer tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
    }

    /** Allocates what texts of up to {@code tokens} tokens need, prompt included, so that nothing is allocated later. */
    public void plan(int tokens) {
        int length = 0;
        while (length < Math.min(tokens, model.config().context())) {
            length = passFor(length + 1).pass.time();
        }
    }

    /**
     * Continues a text.
     *
     * @param prompt where it begins; if it is empty, what comes after the tokenizer's separator
     * @param pieces given each piece as soon as it is written, whole characters only
     * @return all pieces together, without the prompt
     * @throws ModelException DUN-513 if the model does not know a token of the prompt, DUN-515 if its weights are not
     *     finite
     */
    public String text(String prompt, Settings settings, Consumer<String> pieces) {
        int[] start = start(prompt);
        int[] text = Arrays.copyOf(start, start.length + settings.tokens);
        TokenSampler sampler =
                new TokenSampler(Math.min(tokenizer.vocabulary(), model.config().vocabulary()), settings);
        Utf8Pieces characters = new Utf8Pieces();
        StringBuilder written = new StringBuilder();
        for (int position = start.length; position < text.length; position++) {
            text[position] = sampler.draw(predict(text, position), position);
            String piece = characters.add(tokenizer.decode(text[position]));
            if (!piece.isEmpty()) {
                written.append(piece);
                pieces.accept(piece);
            }
        }
        String last = characters.end();
        if (!last.isEmpty()) {
            written.append(last);
            pieces.accept(last);
        }
        return written.toString();
    }

    private int[] start(String prompt) {
        int[] tokens = tokenizer.encode(prompt.getBytes(StandardCharsets.UTF_8));
        return tokens.length == 0 ? new int[] {tokenizer.separator()} : tokens;
    }

    /** What follows the first {@code length} tokens of {@code text}: [1, V], on the host. */
    private Tensor predict(int[] text, int length) {
        int window = Math.min(length, model.config().context());
        Planned shape = passFor(window);
        for (int i = 0; i < shape.pass.time(); i++) {
            int token = i < window ? text[length - window + i] : 0;
            shape.tokens.segment().setAtIndex(ValueLayout.JAVA_INT, i, token);
        }
        Tensor logits = shape.pass.logits(shape.tokens, window - 1);
        if (predicted.bytes() != logits.bytes()) {
            MemorySegment memory = Arena.ofAuto().allocate(logits.bytes(), Float.BYTES);
            predicted = Tensor.of(logits.dtype(), logits.shape(), memory);
        }
        model.host().read(logits.segment().asSlice(0, logits.bytes()), predicted.segment());
        return predicted;
    }

    private Planned passFor(int length) {
        int time = SHORTEST;
        while (time < length) {
            time *= GROWTH;
        }
        return planned.computeIfAbsent(Math.min(time, model.config().context()), this::planned);
    }

    private Planned planned(int time) {
        Shape shape = Shape.of(1, time);
        Tensor tokens =
                Tensor.of(DType.I32, shape, model.device().allocateHost("text", shape.elements() * Integer.BYTES));
        return new Planned(model.plan(1, time, Recompute.NONE, PassKind.EVALUATE), tokens);
    }
}
