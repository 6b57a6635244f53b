package io.dunlin.launcher.job;

import io.dunlin.launcher.job.Setting.Meaning;
import io.dunlin.model.Family;
import io.dunlin.model.ModelConfig;

/** {@code [model]}: a preset or an imported checkpoint, any field of which may be overridden. */
public record ModelSettings(
        @Setting(value = "Named sizes to start from", derived = "family: \"debug\" or \"llama-debug\"")
        String preset,

        @Setting(
                value = "Imported checkpoint whose weights and sizes the run starts from; \"\" = random weights",
                standard = "\"\"",
                meaning = Meaning.PATH)
        String init,

        @Setting(value = "gpt or llama", derived = "preset") Family family,

        @Setting(value = "Transformer blocks", derived = "preset", min = 1)
        int layers,

        @Setting(value = "Width of the residual stream", derived = "preset", min = 1)
        int width,

        @Setting(value = "Attention heads", derived = "preset", min = 1)
        int heads,

        @Setting(value = "Key-value heads; fewer than heads = grouped-query attention", derived = "preset", min = 1)
        int kvHeads,

        @Setting(value = "Width inside the feed-forward part", derived = "preset", min = 1)
        int hidden,

        @Setting(value = "Tokens the model knows", derived = "preset", min = 1)
        int vocab,

        @Setting(value = "Tokens of one sample, the most the model can look back", derived = "preset", min = 1)
        int context,

        @Setting(value = "Output head shares the embedding's weights", derived = "preset")
        boolean tied,

        @Setting(value = "Added to the variance in norms", derived = "preset", above = 0)
        float normEpsilon,

        @Setting(value = "Base of the rotary positions (llama)", derived = "preset", above = 0)
        float ropeTheta) {

    /** The sizes as the model takes them. */
    public ModelConfig config() {
        return new ModelConfig(
                family, layers, width, heads, kvHeads, hidden, vocab, context, tied, normEpsilon, ropeTheta);
    }
}
