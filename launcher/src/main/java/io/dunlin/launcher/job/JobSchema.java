package io.dunlin.launcher.job;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/** The keys of the job file, read off the {@link Job} records. */
public final class JobSchema {
    private final SequencedMap<KeyPath, Key> keys = new LinkedHashMap<>();
    private final SequencedMap<KeyPath, Section> sections = new LinkedHashMap<>();

    /**
     * A key.
     *
     * @param path where it stands
     * @param type of its record component
     * @param setting its description
     */
    record Key(KeyPath path, Type type, Setting setting) {}

    /** A table; {@code names} are the keys and tables right below it. */
    record Section(KeyPath path, Class<?> type, Setting setting, List<String> names) {}

    /** What documentation needs of a key; {@code standard} says in Markdown what counts if it is absent. */
    public record Description(String section, String name, String standard, String sentence) {}

    /** Reads the schema off the records. */
    public JobSchema() {
        addSection(KeyPath.ROOT, Job.class, Optional.empty());
    }

    private void addSection(KeyPath path, Class<?> type, Optional<Setting> setting) {
        List<String> names = List.of(type.getRecordComponents()).stream()
                .map(JobSchema::nameOf)
                .toList();
        setting.ifPresent(found -> sections.put(path, new Section(path, type, found, names)));
        for (RecordComponent component : type.getRecordComponents()) {
            Setting child = component.getAnnotation(Setting.class);
            KeyPath childPath = path.child(nameOf(component));
            if (isSection(component.getType())) {
                addSection(childPath, component.getType(), Optional.of(child));
            } else {
                keys.put(childPath, new Key(childPath, component.getGenericType(), child));
            }
        }
    }

    private static boolean isSection(Class<?> type) {
        // Records of other packages are values.
        return type.isRecord() && type.getPackage().equals(JobSchema.class.getPackage());
    }

    static String nameOf(RecordComponent component) {
        String given = component.getAnnotation(Setting.class).key();
        return given.isEmpty()
                ? component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT)
                : given;
    }

    List<Key> keys() {
        return List.copyOf(keys.sequencedValues());
    }

    Key key(KeyPath path) {
        Key key = keys.get(path);
        if (key == null) {
            throw new IllegalArgumentException("no such key: " + path);
        }
        return key;
    }

    boolean hasKey(KeyPath path) {
        return keys.containsKey(path);
    }

    boolean hasSection(KeyPath path) {
        return path.equals(KeyPath.ROOT) || sections.containsKey(path);
    }

    /** The names known inside a table. */
    List<String> namesIn(KeyPath section) {
        if (section.equals(KeyPath.ROOT)) {
            return List.of(Job.class.getRecordComponents()).stream()
                    .map(JobSchema::nameOf)
                    .toList();
        }
        return Objects.requireNonNull(sections.get(section), () -> "no table " + section)
                .names();
    }

    /** Keys of this name in other tables. */
    List<KeyPath> elsewhere(String name) {
        return keys.keySet().stream().filter(path -> path.name().equals(name)).toList();
    }

    /** All keys in order of the file, for documentation. */
    public List<Description> describe() {
        return keys.values().stream()
                .map(key -> new Description(
                        key.path().parent().toString(),
                        key.path().name(),
                        key.setting().standard().isEmpty()
                                ? key.setting().derived()
                                : "`" + key.setting().standard() + "`",
                        key.setting().value()))
                .toList();
    }
}
