package io.dunlin.launcher.job;

import io.dunlin.checkpoint.CheckpointLocation;
import io.dunlin.checkpoint.ModelFacts;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.launcher.job.Layer.Given;
import io.dunlin.model.Family;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Presets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Fills in the sizes of the model that nobody gave: from the preset, and where a size was overridden, in proportion to
 * it.
 */
final class ModelSizes {
    private static final KeyPath MODEL = KeyPath.of("model");
    private static final KeyPath PRESET = MODEL.child("preset");
    private static final KeyPath INIT = MODEL.child("init");
    private static final List<String> SIZES = List.of(
            "family",
            "layers",
            "width",
            "heads",
            "kv_heads",
            "hidden",
            "vocab",
            "context",
            "tied",
            "norm_epsilon",
            "rope_theta");

    private final Function<KeyPath, Optional<Given>> given;

    ModelSizes(Function<KeyPath, Optional<Given>> given) {
        this.given = given;
    }

    /** The sizes by key; empty if they are not needed, or if a name is not text, which is reported later. */
    Map<KeyPath, Given> derive() {
        String init = given.apply(INIT)
                .filter(found -> found.value() instanceof String)
                .map(found -> (String) found.value())
                .orElse("");
        if (!init.isEmpty()) {
            return fromCheckpoint(init);
        }
        Given preset = given.apply(PRESET).orElseGet(this::smallest);
        if (!(preset.value() instanceof String name)) {
            return Map.of();
        }
        Map<KeyPath, Given> sizes = of(base(name, preset.origin()));
        sizes.put(PRESET, preset);
        return sizes;
    }

    /** A resolved job says all sizes itself, and must be readable when the checkpoint it began with is gone. */
    private Map<KeyPath, Given> fromCheckpoint(String init) {
        Origin origin = new Origin.Checkpoint(init);
        Optional<Given> preset = given.apply(PRESET).filter(found -> !"".equals(found.value()));
        if (preset.isPresent()) {
            throw new JobFileException(Problem.at(
                    "DUN-119",
                    preset.get().origin(),
                    PRESET,
                    "is given together with model.init, which has sizes of its own. Keep one"));
        }
        Map<KeyPath, Given> sizes = new LinkedHashMap<>();
        if (SIZES.stream().anyMatch(size -> given.apply(MODEL.child(size)).isEmpty())) {
            sizes.putAll(of(new Base(saved(Path.of(init)), origin)));
        }
        sizes.put(PRESET, new Given("", origin));
        return sizes;
    }

    private static ModelConfig saved(Path init) {
        return ModelFacts.config(CheckpointLocation.of(init, new LocalStorage())
                .manifest()
                .state()
                .facts());
    }

    private Given smallest() {
        boolean llama = given.apply(MODEL.child("family"))
                .filter(family -> "llama".equals(family.value()))
                .isPresent();
        return new Given(llama ? "llama-debug" : "debug", new Origin.Standard());
    }

    private record Base(ModelConfig config, Origin origin) {}

    private static Base base(String name, Origin origin) {
        if (!Presets.names().contains(name)) {
            String hint = Nearest.to(name, Presets.names())
                    .map(near -> ". Did you mean '" + near + "'?")
                    .orElse(".");
            String what = "unknown preset '" + name + "'" + hint + " There are: " + String.join(" ", Presets.names());
            throw new JobFileException(Problem.at("DUN-110", origin, PRESET, what));
        }
        return new Base(Presets.named(name), new Origin.Preset(name));
    }

    private Map<KeyPath, Given> of(Base base) {
        ModelConfig config = base.config();
        Map<KeyPath, Given> sizes = new LinkedHashMap<>();
        put(sizes, "family", config.family().name().toLowerCase(Locale.ROOT), base.origin());
        put(sizes, "layers", (long) config.layers(), base.origin());
        put(sizes, "width", (long) config.width(), base.origin());
        put(sizes, "heads", (long) config.heads(), base.origin());
        put(sizes, "kv_heads", (long) config.keyValueHeads(), base.origin());
        put(sizes, "hidden", (long) config.hidden(), base.origin());
        put(sizes, "vocab", (long) config.vocabulary(), base.origin());
        put(sizes, "context", (long) config.context(), base.origin());
        put(sizes, "tied", config.tiedHead(), base.origin());
        put(sizes, "norm_epsilon", Double.valueOf(Float.toString(config.normEpsilon())), base.origin());
        put(sizes, "rope_theta", Double.valueOf(Float.toString(config.ropeTheta())), base.origin());
        followWidth(sizes, config);
        followHeads(sizes, config);
        return sizes;
    }

    private void followWidth(Map<KeyPath, Given> sizes, ModelConfig base) {
        given.apply(MODEL.child("width"))
                .filter(width -> width.value() instanceof Long)
                .map(width -> (Long) width.value())
                .filter(width -> width != base.width())
                .ifPresent(width -> {
                    long hidden = Math.max(1, Math.round((double) width * base.hidden() / base.width()));
                    String how = base.hidden() == 4 * base.width()
                            ? "4 x width"
                            : "width x " + base.hidden() + " / " + base.width();
                    put(sizes, "hidden", hidden, new Origin.Derived(how));
                });
    }

    private void followHeads(Map<KeyPath, Given> sizes, ModelConfig base) {
        given.apply(MODEL.child("heads"))
                .filter(heads -> heads.value() instanceof Long)
                .map(heads -> (Long) heads.value())
                .filter(heads -> heads != base.heads())
                .ifPresent(heads -> {
                    long group = base.heads() / base.keyValueHeads();
                    boolean grouped = base.family() == Family.LLAMA && group > 1 && heads % group == 0;
                    long keyValueHeads = grouped ? heads / group : heads;
                    String how = grouped ? "heads / " + group : "heads";
                    put(sizes, "kv_heads", keyValueHeads, new Origin.Derived(how));
                });
    }

    private static void put(Map<KeyPath, Given> sizes, String name, Object value, Origin origin) {
        sizes.put(MODEL.child(name), new Given(value, origin));
    }
}
