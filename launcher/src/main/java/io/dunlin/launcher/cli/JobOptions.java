package io.dunlin.launcher.cli;

import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.job.Nearest;
import io.dunlin.launcher.job.ResolvedJob;
import io.dunlin.launcher.place.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** The overrides that every command takes which reads a job. */
final class JobOptions {
    private static final String SUFFIX = ".toml";

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Override a value of the job, for example train.steps=100; may be repeated.")
    private List<String> sets = new ArrayList<>();

    @Option(names = "--ranks", paramLabel = "N", description = "Short for --set launch.ranks=N.")
    private String ranks = "";

    @Option(
            names = "--hosts",
            paramLabel = "HOST[:SLOTS],...",
            description = "Short for --set launch.hosts=[...]; other hosts are reached by launch.remote_shell.")
    private String hosts = "";

    /**
     * Reads a job.
     *
     * @param word path of a job file, or name of a recipe that comes with Dunlin
     */
    ResolvedJob load(String word, Installation installation) {
        return load(word, installation, List.of());
    }

    /**
     * Reads a job.
     *
     * @param word path of a job file, or name of a recipe that comes with Dunlin
     * @param last overrides that win over those of the command line
     */
    ResolvedJob load(String word, Installation installation, List<String> last) {
        List<String> all = overrides();
        all.addAll(last);
        return JobFile.load(find(word, installation), all);
    }

    /** The overrides in the order in which they count. */
    List<String> overrides() {
        List<String> all = new ArrayList<>(sets);
        if (!ranks.isEmpty()) {
            all.add("launch.ranks=" + ranks);
        }
        if (!hosts.isEmpty()) {
            all.add(Stream.of(hosts.split(","))
                    .map(host -> '"' + host.strip() + '"')
                    .collect(Collectors.joining(", ", "launch.hosts=[", "]")));
        }
        return all;
    }

    private static Path find(String word, Installation installation) {
        Path file = Path.of(word);
        if (Files.exists(file) || word.contains("/")) {
            return file;
        }
        Path recipe = installation.recipes().resolve(word.endsWith(SUFFIX) ? word : word + SUFFIX);
        if (Files.exists(recipe)) {
            return recipe;
        }
        List<String> names = names(installation.recipes());
        String hint = Nearest.to(word, names)
                .map(near -> "did you mean " + near + "?  ")
                .orElse("");
        throw new CliException(
                "DUN-105",
                "there is no job file " + word + ", and no recipe of that name",
                hint + "recipes: " + String.join(" ", names));
    }

    private static List<String> names(Path recipes) {
        try (Stream<Path> files = Files.list(recipes)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(SUFFIX))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        } catch (IOException none) {
            return List.of();
        }
    }
}
