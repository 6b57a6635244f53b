package io.dunlin.data;

/**
 * Which text to make tokens of, and how.
 *
 * @param text a file, a folder (all text files below it), a {@code .zip}, a {@code .jsonl} whose lines have a string
 *     {@code text}; or {@link #JDK_SOURCE}
 * @param tokenizer which tokens
 * @param validation share of the tokens that is kept apart, in [0, 0.5]
 * @param limitBytes text after this many bytes is left out; {@link Long#MAX_VALUE} for all
 */
public record TextRequest(String text, Tokenizer tokenizer, double validation, long limitBytes) {
    /** The text that is always there: the sources of the Java library that come with the JDK. */
    public static final String JDK_SOURCE = "jdk-source";

    /**
     * Checks the numbers.
     *
     * @throws DataException DUN-617 if one is out of range
     */
    public TextRequest {
        if (!(validation >= 0 && validation <= 0.5)) {
            throw DataException.badSetting(
                    "data.validation = %s is not between 0 and 0.5".formatted(validation),
                    "--set data.validation=0.05");
        }
        if (limitBytes < 1) {
            throw DataException.badSetting(
                    "%,d bytes of text are too few to train on".formatted(limitBytes), "leave the limit out");
        }
    }

    /** All of the text. */
    public static TextRequest of(String text, Tokenizer tokenizer, double validation) {
        return new TextRequest(text, tokenizer, validation, Long.MAX_VALUE);
    }
}
