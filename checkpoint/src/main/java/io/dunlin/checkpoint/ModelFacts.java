package io.dunlin.checkpoint;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.model.Family;
import io.dunlin.model.ModelConfig;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The dimensions of a model among the facts of a {@link RunState}, so that a checkpoint says what it is of. */
public final class ModelFacts {
    private static final String PREFIX = "model.";

    private ModelFacts() {}

    /** The facts that {@link #config} reads; their names are those of the job file. */
    public static Map<String, String> of(ModelConfig config) {
        Map<String, String> facts = new TreeMap<>();
        facts.put(PREFIX + "family", config.family().name().toLowerCase(Locale.ROOT));
        facts.put(PREFIX + "layers", Integer.toString(config.layers()));
        facts.put(PREFIX + "width", Integer.toString(config.width()));
        facts.put(PREFIX + "heads", Integer.toString(config.heads()));
        facts.put(PREFIX + "kv_heads", Integer.toString(config.keyValueHeads()));
        facts.put(PREFIX + "hidden", Integer.toString(config.hidden()));
        facts.put(PREFIX + "vocab", Integer.toString(config.vocabulary()));
        facts.put(PREFIX + "context", Integer.toString(config.context()));
        facts.put(PREFIX + "tied", Boolean.toString(config.tiedHead()));
        facts.put(PREFIX + "norm_epsilon", Float.toString(config.normEpsilon()));
        facts.put(PREFIX + "rope_theta", Float.toString(config.ropeTheta()));
        return facts;
    }

    /**
     * The model that was saved.
     *
     * @throws CheckpointException if a fact is missing
     */
    public static ModelConfig config(Map<String, String> facts) {
        return new ModelConfig(
                Family.valueOf(fact(facts, "family").toUpperCase(Locale.ROOT)),
                Integer.parseInt(fact(facts, "layers")),
                Integer.parseInt(fact(facts, "width")),
                Integer.parseInt(fact(facts, "heads")),
                Integer.parseInt(fact(facts, "kv_heads")),
                Integer.parseInt(fact(facts, "hidden")),
                Integer.parseInt(fact(facts, "vocab")),
                Integer.parseInt(fact(facts, "context")),
                Boolean.parseBoolean(fact(facts, "tied")),
                Float.parseFloat(fact(facts, "norm_epsilon")),
                Float.parseFloat(fact(facts, "rope_theta")));
    }

    private static String fact(Map<String, String> facts, String name) {
        String value = facts.get(PREFIX + name);
        if (value == null) {
            throw new CheckpointException(
                    CheckpointError.DOES_NOT_FIT, "the checkpoint does not say its model's " + name, "");
        }
        return value;
    }
}
