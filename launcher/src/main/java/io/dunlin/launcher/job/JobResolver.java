package io.dunlin.launcher.job;

import io.dunlin.launcher.job.Layer.Given;
import io.dunlin.launcher.place.HostSlots;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.tomlj.Toml;
import org.tomlj.TomlArray;

/** Lays the layers of a job over each other, fills in what follows from the rest, and binds the records. */
final class JobResolver {
    private static final long VERSION = 1;
    private static final KeyPath SCHEMA = KeyPath.of("schema");
    private static final KeyPath NAME = KeyPath.of("run.name");
    private static final KeyPath TOKENS_PER_STEP = KeyPath.of("train.tokens_per_step");
    private static final KeyPath MICRO_BATCH = KeyPath.of("train.micro_batch");
    private static final KeyPath HOSTS = KeyPath.of("launch.hosts");
    private static final KeyPath RANKS = KeyPath.of("launch.ranks");
    private static final KeyPath CONTEXT = KeyPath.of("model.context");

    private final JobSchema schema;
    private final List<Layer> layers;
    private final Path folder;
    private final List<Problem> problems = new ArrayList<>();
    private final Map<KeyPath, Given> derived = new LinkedHashMap<>();

    /**
     * Begins.
     *
     * @param schema of the job file
     * @param layers the strongest first
     * @param folder that relative paths among the values count from
     */
    JobResolver(JobSchema schema, List<Layer> layers, Path folder) {
        this.schema = schema;
        this.layers = layers;
        this.folder = folder;
    }

    ResolvedJob resolve(String name) {
        layers.forEach(layer -> problems.addAll(layer.problems()));
        checkSchema();
        derived.put(NAME, new Given(name, new Origin.Derived("name of the job file")));
        derived.putAll(new ModelSizes(this::given).derive());
        deriveTokensPerStep();
        deriveRanks();

        Map<KeyPath, ResolvedJob.Value> values = new LinkedHashMap<>();
        schema.keys().forEach(key -> bind(key).ifPresent(value -> values.put(key.path(), value)));
        if (!problems.isEmpty()) {
            throw new JobFileException(problems);
        }
        Job job = (Job) record(Job.class, KeyPath.ROOT, values);
        ResolvedJob resolved = new ResolvedJob(job, values);
        List<Problem> broken = new JobRules(resolved).check();
        if (!broken.isEmpty()) {
            throw new JobFileException(broken);
        }
        return resolved;
    }

    /** A newer file may have keys that are unknown here, so this comes first and alone. */
    private void checkSchema() {
        layers.stream()
                .flatMap(layer -> layer.get(SCHEMA).stream())
                .filter(given -> given.value() instanceof Long version && version > VERSION)
                .findFirst()
                .ifPresent(given -> {
                    String what = "this Dunlin knows job files up to schema " + VERSION + ", found " + given.value();
                    throw new JobFileException(Problem.at("DUN-107", given.origin(), SCHEMA, what));
                });
    }

    /** What the strongest source says. */
    private Optional<Given> given(KeyPath path) {
        return layers.stream()
                .flatMap(layer -> layer.get(path).stream())
                .findFirst()
                .or(() -> Optional.ofNullable(derived.get(path)))
                .or(() -> standard(path));
    }

    private Optional<Given> standard(KeyPath path) {
        String standard = schema.key(path).setting().standard();
        return standard.isEmpty()
                ? Optional.empty()
                : Optional.of(new Given(parseStandard(standard), new Origin.Standard()));
    }

    private static Object parseStandard(String standard) {
        Object value = Toml.parse("v = " + standard).get("v");
        if (value == null) {
            throw new IllegalStateException("not a TOML value: " + standard);
        }
        return value;
    }

    private void deriveTokensPerStep() {
        boolean numbers = given(MICRO_BATCH)
                        .filter(given -> given.value() instanceof Long)
                        .isPresent()
                && given(CONTEXT).filter(given -> given.value() instanceof Long).isPresent();
        if (numbers) {
            long tokens = (Long) given(MICRO_BATCH).orElseThrow().value()
                    * (Long) given(CONTEXT).orElseThrow().value();
            derived.put(TOKENS_PER_STEP, new Given(tokens, new Origin.Derived("micro_batch x context")));
        }
    }

    /** Hosts without a number of ranks: every slot gets one. */
    private void deriveRanks() {
        if (given(HOSTS).map(Given::value).orElse("") instanceof TomlArray names && !names.isEmpty()) {
            List<HostSlots> hosts = IntStream.range(0, names.size())
                    .mapToObj(i -> HostSlots.parse(String.valueOf(names.get(i))))
                    .flatMap(Optional::stream)
                    .toList();
            if (hosts.size() == names.size()) {
                derived.put(RANKS, new Given(HostSlots.ranks(hosts), new Origin.Derived("slots of launch.hosts")));
            }
        }
    }

    private Optional<ResolvedJob.Value> bind(JobSchema.Key key) {
        Optional<Given> found = given(key.path());
        if (found.isEmpty()) {
            // What cannot be derived because of an earlier mistake is not a mistake of its own.
            if (problems.isEmpty() || key.setting().derived().isEmpty()) {
                problems.add(missing(key));
            }
            return Optional.empty();
        }
        Given given = found.get();
        try {
            Object value = ValueReader.read(key, given.value());
            Object placed = key.setting().meaning() == Setting.Meaning.PATH ? place((String) value) : value;
            return Optional.of(new ResolvedJob.Value(placed, given.origin()));
        } catch (ValueReader.Unfit e) {
            problems.add(Problem.at("DUN-102", given.origin(), key.path(), String.valueOf(e.getMessage())));
            return Optional.empty();
        }
    }

    private static Problem missing(JobSchema.Key key) {
        return new Problem(
                "DUN-103",
                "[" + key.path() + "] is missing: " + key.setting().value(),
                "give it in the job file or with --set " + key.path() + "=...");
    }

    private String place(String path) {
        boolean stays = path.isEmpty() || path.equals(DataSettings.JDK_SOURCE);
        return stays ? path : folder.resolve(path).normalize().toString();
    }

    private static Object record(Class<?> type, KeyPath at, Map<KeyPath, ResolvedJob.Value> values) {
        RecordComponent[] components = type.getRecordComponents();
        Object[] arguments = Arrays.stream(components)
                .map(component -> {
                    KeyPath path = at.child(JobSchema.nameOf(component));
                    ResolvedJob.Value value = values.get(path);
                    return value == null ? record(component.getType(), path, values) : value.value();
                })
                .toArray();
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            return type.getDeclaredConstructor(types).newInstance(arguments);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make " + type, e);
        }
    }
}
