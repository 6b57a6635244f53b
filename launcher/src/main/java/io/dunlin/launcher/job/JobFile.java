package io.dunlin.launcher.job;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;

/**
 * Reads a job file.
 *
 * <p>A value is taken from the first of these that gives it: {@code --set} (the last one first), the file, its {@code
 * extends} parent and so on up, the preset or imported checkpoint (for sizes of the model), the default.
 */
public final class JobFile {
    static final String EXTENDS = "extends";

    private final JobSchema schema = new JobSchema();
    private final List<Layer> layers = new ArrayList<>();
    private final List<Path> chain = new ArrayList<>();

    private JobFile() {}

    /**
     * Reads a job.
     *
     * @param file to read
     * @param sets overrides as on the command line: {@code a.b=c}, where c is TOML or a bare word
     * @throws JobFileException listing all that is wrong
     */
    public static ResolvedJob load(Path file, List<String> sets) {
        return load(file, sets, Path.of(""));
    }

    /**
     * Reads the text of a {@linkplain ResolvedJob#toml() resolved} job, which has no parent.
     *
     * @throws JobFileException listing all that is wrong
     */
    public static ResolvedJob parse(String toml) {
        JobFile reader = new JobFile();
        reader.addText(Path.of("job.toml"), toml);
        return new JobResolver(reader.schema, reader.layers, Path.of("").toAbsolutePath()).resolve("job");
    }

    /** As {@link #load(Path, List)}; relative paths among the values count from {@code folder}. */
    static ResolvedJob load(Path file, List<String> sets, Path folder) {
        JobFile reader = new JobFile();
        sets.reversed().forEach(reader::addArgument);
        reader.addFile(file);
        String name = file.getFileName().toString().replaceFirst("\\.toml$", "").replaceAll("[^A-Za-z0-9._-]", "-");
        return new JobResolver(
                        reader.schema, reader.layers, folder.toAbsolutePath().normalize())
                .resolve(name);
    }

    private void addFile(Path file) {
        chain.add(file.toAbsolutePath().normalize());
        addText(file, read(file));
    }

    private void addText(Path file, String text) {
        TomlParseResult toml = parse(file, text);
        String shown = file.toString();
        layers.add(Layer.of(toml, schema, path -> Origin.File.of(shown, toml.inputPositionOf(path.names()))));
        if (toml.contains(EXTENDS)) {
            Origin origin = Origin.File.of(shown, toml.inputPositionOf(EXTENDS));
            addFile(parent(file, toml.get(EXTENDS), origin));
        }
    }

    private Path parent(Path file, Object value, Origin origin) {
        KeyPath key = KeyPath.of(EXTENDS);
        if (!(value instanceof String name)) {
            throw new JobFileException(
                    Problem.at("DUN-106", origin, key, "expects one file in quotes, found " + ValueReader.show(value)));
        }
        Path parent = file.resolveSibling(name).normalize();
        if (chain.contains(parent.toAbsolutePath().normalize())) {
            throw new JobFileException(
                    Problem.at("DUN-106", origin, key, parent + " is already among the files that lead here"));
        }
        if (!Files.isRegularFile(parent)) {
            throw new JobFileException(Problem.at("DUN-106", origin, key, "no such file: " + parent));
        }
        return parent;
    }

    private static TomlParseResult parse(Path file, String text) {
        TomlParseResult toml = Toml.parse(text);
        if (toml.hasErrors()) {
            throw new JobFileException(toml.errors().stream()
                    .map(error -> new Problem("DUN-104", where(file, error) + "  " + error.getMessage(), hint(error)))
                    .toList());
        }
        return toml;
    }

    /** The most frequent mistake. */
    private static String hint(TomlParseError error) {
        boolean word =
                String.valueOf(error.getMessage()).matches("Unexpected '[A-Za-z/~.][^,]*, expected '.*a number.*");
        return word ? "text needs quotes: key = \"text\"" : "";
    }

    private static String where(Path file, TomlParseError error) {
        return file + ":" + error.position().line() + ":" + error.position().column();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new JobFileException(new Problem("DUN-105", "no such job file: " + file, ""));
        } catch (CharacterCodingException e) {
            throw new JobFileException(new Problem("DUN-105", file + " is not a text file in UTF-8", ""));
        } catch (IOException e) {
            throw new JobFileException(
                    new Problem("DUN-105", "cannot read job file " + file + ": " + e.getMessage(), ""));
        }
    }

    private void addArgument(String argument) {
        int equals = argument.indexOf('=');
        if (equals < 1) {
            throw new JobFileException(new Problem(
                    "DUN-108", "--set " + argument + "  expects key=value", "for example --set train.steps=100"));
        }
        String key = argument.substring(0, equals).strip();
        String value = argument.substring(equals + 1).strip();
        TomlParseResult toml = Toml.parse(key + " = " + value);
        boolean bareWord = toml.hasErrors() && !value.matches("[\\[{\"'].*");
        if (bareWord) {
            toml = Toml.parse(key + " = \"" + Toml.tomlEscape(value) + '"');
        }
        if (toml.hasErrors()) {
            String what = toml.errors().getFirst().getMessage();
            throw new JobFileException(new Problem("DUN-108", "--set " + argument + "  " + what, ""));
        }
        Origin origin = new Origin.CommandLine(argument);
        layers.add(keepText(Layer.of(toml, schema, path -> origin), value));
    }

    /** A number or date given to a text key is meant as text: {@code run.name=7}. */
    private Layer keepText(Layer layer, String value) {
        Map<KeyPath, Layer.Given> values = new LinkedHashMap<>(layer.values());
        values.replaceAll((path, given) -> {
            boolean wantsText = schema.key(path).type() == String.class;
            return wantsText && !(given.value() instanceof String) ? new Layer.Given(value, given.origin()) : given;
        });
        return new Layer(values, layer.problems());
    }
}
