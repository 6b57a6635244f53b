package io.dunlin.model;

/**
 * The dimensions of a model.
 *
 * @param family which layers
 * @param layers blocks of attention and MLP
 * @param width of the residual stream
 * @param heads query heads; divides width
 * @param keyValueHeads key and value heads; divides heads
 * @param hidden width inside the MLP
 * @param vocabulary tokens
 * @param context longest sequence
 * @param tiedHead whether the head reads the token embedding's weights
 * @param normEpsilon added to variances
 * @param ropeTheta base of the rotary frequencies; unused where positions are learned
 */
public record ModelConfig(
        Family family,
        int layers,
        int width,
        int heads,
        int keyValueHeads,
        int hidden,
        int vocabulary,
        int context,
        boolean tiedHead,
        float normEpsilon,
        float ropeTheta) {

    /** Checks that the dimensions fit together. */
    public ModelConfig {
        positive("layers", layers);
        positive("width", width);
        positive("heads", heads);
        positive("kv_heads", keyValueHeads);
        positive("hidden", hidden);
        positive("vocab", vocabulary);
        positive("context", context);
        if (width % heads != 0) {
            throw ModelException.dimensions(
                    "model.heads = %d does not divide model.width = %d".formatted(heads, width),
                    "possible: " + divisors(width));
        }
        if (heads % keyValueHeads != 0) {
            throw ModelException.dimensions(
                    "model.kv_heads = %d does not divide model.heads = %d".formatted(keyValueHeads, heads),
                    "possible: " + divisors(heads));
        }
        if (family == Family.GPT && keyValueHeads != heads) {
            throw ModelException.dimensions(
                    "model.kv_heads = %d, but the gpt family has a key and value head for each of its %d query heads"
                            .formatted(keyValueHeads, heads),
                    "Set model.kv_heads = %d, or model.family = \"llama\".".formatted(heads));
        }
        if (family == Family.LLAMA && width / heads % 2 != 0) {
            throw ModelException.dimensions(
                    "heads are %d wide (model.width = %d, model.heads = %d), but rotary positions turn pairs of elements"
                            .formatted(width / heads, width, heads),
                    "Choose model.heads so that width / heads is even.");
        }
        if (!(normEpsilon > 0)) {
            throw ModelException.dimensions(
                    "model.norm_epsilon = " + normEpsilon + " is not positive", "The usual value is 1e-5.");
        }
        if (family == Family.LLAMA && !(ropeTheta > 0)) {
            throw ModelException.dimensions(
                    "model.rope_theta = " + ropeTheta + " is not positive", "Llama 3 uses 500000.");
        }
    }

    /** GPT-2 of these dimensions: MLP four times as wide, tied head. */
    public static ModelConfig gpt(int layers, int width, int heads, int vocabulary, int context) {
        return new ModelConfig(
                Family.GPT, layers, width, heads, heads, 4 * width, vocabulary, context, true, 1e-5f, 10_000f);
    }

    /** Llama 3 of these dimensions, with a head of its own. */
    public static ModelConfig llama(
            int layers, int width, int heads, int keyValueHeads, int hidden, int vocabulary, int context) {
        return new ModelConfig(
                Family.LLAMA, layers, width, heads, keyValueHeads, hidden, vocabulary, context, false, 1e-5f, 500_000f);
    }

    /** The same with another vocabulary. */
    public ModelConfig withVocabulary(int tokens) {
        return new ModelConfig(
                family, layers, width, heads, keyValueHeads, hidden, tokens, context, tiedHead, normEpsilon, ropeTheta);
    }

    /** The same with another longest sequence. */
    public ModelConfig withContext(int positions) {
        return new ModelConfig(
                family,
                layers,
                width,
                heads,
                keyValueHeads,
                hidden,
                vocabulary,
                positions,
                tiedHead,
                normEpsilon,
                ropeTheta);
    }

    /** The same with the head reading the token embedding's weights. */
    public ModelConfig withTiedHead() {
        return new ModelConfig(
                family, layers, width, heads, keyValueHeads, hidden, vocabulary, context, true, normEpsilon, ropeTheta);
    }

    /** Elements of one head. */
    public int headWidth() {
        return width / heads;
    }

    /** Columns of queries, keys and values side by side. */
    public int queryKeyValueWidth() {
        return (heads + 2 * keyValueHeads) * headWidth();
    }

    /** Trained numbers; a tied head counts once. */
    public long parameterCount() {
        long head = tiedHead ? 0 : (long) vocabulary * width;
        return switch (family) {
            case GPT -> {
                long biases = queryKeyValueWidth() + width + hidden + width;
                long norms = 4L * width;
                yield (long) (vocabulary + context) * width
                        + layers * (blockProducts() + biases + norms)
                        + 2L * width
                        + head;
            }
            case LLAMA -> (long) vocabulary * width + layers * (blockProducts() + 2L * width) + width + head;
        };
    }

    /**
     * Floating-point operations of training on one token: 6 for each weight in a matrix product, and 12 * layers * width
     * * context for the attention scores, causality not discounted (Chowdhery et al., PaLM, appendix B).
     */
    public long flopsPerToken() {
        long products = layers * blockProducts() + (long) vocabulary * width;
        return 6 * products + 12L * layers * width * context;
    }

    /** Weights in the matrix products of one block. */
    private long blockProducts() {
        long attention = (long) width * queryKeyValueWidth() + (long) width * width;
        long mlp = (family == Family.GPT ? 2L : 3L) * width * hidden;
        return attention + mlp;
    }

    private static void positive(String key, int value) {
        if (value < 1) {
            throw ModelException.dimensions("model.%s = %d, but at least 1 is needed".formatted(key, value), "");
        }
    }

    private static String divisors(int number) {
        StringBuilder list = new StringBuilder();
        for (int i = 1; i <= number; i++) {
            if (number % i == 0) {
                list.append(list.isEmpty() ? "" : " ").append(i);
            }
        }
        return list.toString();
    }
}
