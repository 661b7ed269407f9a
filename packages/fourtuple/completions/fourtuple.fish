# fish completion for fourtuple, printed by: fourtuple completion fish
function __fourtuple_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    type -q -- $program; or set program fourtuple
    set -l answer ($program __complete $words[2..-1] "$current" 2>/dev/null)
    if test "$answer[1]" = :files
        set -l flag (string match -r -- '^--[^=]*=' "$current")
        for path in (__fish_complete_path (string replace -- "$flag" '' "$current"))
            echo "$flag$path"
        end
    else
        string join -- \n $answer
    end
end
complete -c fourtuple -f -k -a '(__fourtuple_complete)'
