#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CSandbox.h"

// Landlock's interface, Linux's Documentation/userspace-api/landlock.rst. Written out, since the headers of the machine that
// compiles are often older than the kernel that runs. The numbers are the same on every architecture.
enum { LANDLOCK_CREATE_RULESET = 444, LANDLOCK_ADD_RULE = 445, LANDLOCK_RESTRICT_SELF = 446 };
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

#define BIT(number) (UINT64_C(1) << (number))
#define ACCESS_READ_FILE BIT(2)
#define ACCESS_READ_DIR BIT(3)
#define SCOPE_ABSTRACT_UNIX_SOCKET BIT(0)
#define SCOPE_SIGNAL BIT(1)

struct ruleset {
    uint64_t accesses_of_files;
    uint64_t accesses_of_network;  // from version 4 on
    uint64_t scopes;               // from version 6 on
};

struct path_beneath {
    uint64_t accesses;
    int32_t parent;
} __attribute__((packed));

int csandbox_give_up_privileges(void) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    // Root keeps its name and its files, and loses what else root may. In a container that is what most programs run as.
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capset, &header, none) != 0) return errno;
    // After the capabilities: giving them up may set it anew.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno;
    return 0;
}

int csandbox_landlock_version(void) {
    long version = syscall(LANDLOCK_CREATE_RULESET, NULL, (size_t)0, CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

// Every access that a version can forbid. A later version's bits would be refused, so they are not set.
static uint64_t accesses_of_files(int version) {
    if (version >= 5) return BIT(16) - 1;  // ioctl of devices
    if (version >= 3) return BIT(15) - 1;  // truncation
    if (version >= 2) return BIT(14) - 1;  // links and renames from one folder to another
    return BIT(13) - 1;
}

static int allow_reading(int rules, const char *path) {
    int descriptor = open(path, O_PATH | O_CLOEXEC);
    if (descriptor < 0) return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : errno;
    struct stat status;
    int code = fstat(descriptor, &status) == 0 ? 0 : errno;
    if (code == 0) {
        // A right of folders alone is refused for a file.
        struct path_beneath beneath = {
            .accesses = ACCESS_READ_FILE | (S_ISDIR(status.st_mode) ? ACCESS_READ_DIR : 0), .parent = descriptor};
        if (syscall(LANDLOCK_ADD_RULE, rules, RULE_PATH_BENEATH, &beneath, 0) != 0) code = errno;
    }
    close(descriptor);
    return code;
}

int csandbox_restrict_files(const char *const *readable, size_t count, int version) {
    struct ruleset ruleset = {.accesses_of_files = accesses_of_files(version)};
    size_t size = sizeof ruleset.accesses_of_files;
    if (version >= CSANDBOX_LANDLOCK_NETWORK) {
        ruleset.accesses_of_network = BIT(2) - 1;  // bind and connect
        size += sizeof ruleset.accesses_of_network;
    }
    if (version >= CSANDBOX_LANDLOCK_SIGNALS) {
        ruleset.scopes = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
        size += sizeof ruleset.scopes;
    }
    int rules = (int)syscall(LANDLOCK_CREATE_RULESET, &ruleset, size, 0);
    if (rules < 0) return errno;
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) code = allow_reading(rules, readable[i]);
    if (code == 0 && syscall(LANDLOCK_RESTRICT_SELF, rules, 0) != 0) code = errno;
    close(rules);
    return code;
}
