package io.dunlin.launcher.job;

import io.dunlin.launcher.job.Setting.Meaning;

/** {@code [data]}: the text or the token shards, one of the two. */
public record DataSettings(
        @Setting(
                value = "Text to prepare and train on: file, folder, zip, .jsonl, or \"jdk-source\"",
                standard = "\"\"",
                meaning = Meaning.PATH)
        String text,

        @Setting(
                value = "Token shards to train on (pattern of .bin files), instead of text",
                standard = "\"\"",
                meaning = Meaning.PATH)
        String train,

        @Setting(
                value = "Token shards for the validation loss (pattern of .bin files)",
                standard = "\"\"",
                meaning = Meaning.PATH)
        String validate,

        @Setting(value = "How text becomes tokens: byte or gpt2", standard = "\"byte\"")
        String tokenizer,

        @Setting(value = "Permute the samples, anew in each epoch; false reads them in order", standard = "true")
        boolean shuffle,

        @Setting(value = "Share of the text kept for validation", standard = "0.05", min = 0, max = 0.5)
        double validation) {
    /** The word for {@link #text()} that stands for the Java sources inside the JDK. */
    public static final String JDK_SOURCE = "jdk-source";

    /** Whether there is something to compute a validation loss on. */
    public boolean validates() {
        return !validate.isEmpty() || (!text.isEmpty() && validation > 0);
    }
}
