package io.dunlin.launcher.place;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where this Dunlin is on disk.
 *
 * @param home folder that holds {@code conf} and {@code recipes}
 */
public record Installation(Path home) {
    /** The system property in which the {@code dunlin} script passes its folder. */
    public static final String HOME = "dunlin.home";

    /**
     * The one that this process belongs to: as the script says, else the nearest folder upwards that looks like one.
     *
     * @throws IllegalStateException if there is none
     */
    public static Installation current() {
        String given = System.getProperty(HOME, "");
        if (!given.isEmpty()) {
            return new Installation(Path.of(given));
        }
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("conf/jvm.options"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException("start with -D" + HOME + "=FOLDER: no conf/jvm.options is near "
                        + Path.of("").toAbsolutePath());
            }
        }
        return new Installation(folder);
    }

    /** The flags of every JVM that computes. */
    public Path options() {
        return home.resolve("conf/jvm.options");
    }

    /** Job files that come with Dunlin. */
    public Path recipes() {
        return home.resolve("recipes");
    }

    /** The binary of the JDK that this process runs on. */
    public Path java() {
        return javaHome().resolve("bin/java");
    }

    /** The JDK that this process runs on. */
    public Path javaHome() {
        return Path.of(System.getProperty("java.home"));
    }

    /** Where tokens made from text are kept for the next run: {@code ~/.cache/dunlin/data}. */
    public Path dataCache() {
        return Path.of(System.getProperty("user.home"), ".cache", "dunlin", "data");
    }

    /**
     * The beginning of a command that starts a JVM which can compute: same JDK, options file and class path as here.
     *
     * @param flags further flags of the JVM
     * @param mainClass with its arguments after it
     */
    public List<String> javaCommand(List<String> flags, String mainClass) {
        List<String> command = new ArrayList<>(List.of(java().toString(), "@" + options(), "-D" + HOME + "=" + home));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        return command;
    }
}
