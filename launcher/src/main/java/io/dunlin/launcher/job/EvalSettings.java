package io.dunlin.launcher.job;

/** {@code [eval]}: validation loss and sample text along the way. */
public record EvalSettings(
        @Setting(value = "Steps between validation losses; 0 = none", standard = "250", min = 0)
        long interval,

        @Setting(value = "Global batches in one validation loss", standard = "20", min = 1)
        int batches,

        @Setting("Text written by the model during training")
        SampleSettings sample) {

    /** {@code [eval.sample]}. */
    public record SampleSettings(
            @Setting(value = "Steps between samples; 0 = one at the end of the run", standard = "0", min = 0)
            long interval,

            @Setting(value = "Tokens per sample; 0 = no samples", standard = "64", min = 0)
            int tokens,

            @Setting(value = "Text that the model continues", standard = "\"\"")
            String prompt,

            @Setting(value = "0 takes the likeliest token, 1 draws as the model predicts", standard = "0.8", min = 0)
            double temperature) {}
}
